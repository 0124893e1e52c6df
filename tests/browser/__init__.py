"""Tests in a real Chromium, and in Firefox where it does otherwise."""

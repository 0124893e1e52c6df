"""Tests mirror webapp/; server/ runs real processes, browser/ a real Chromium."""

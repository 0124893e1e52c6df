"""Tests of the version of the tables."""

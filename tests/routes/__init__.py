"""Tests of HTTP, through the test client, on a real SQLite file."""

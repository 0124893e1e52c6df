"""Tests of what a table is and how its rows are listed, read and written."""

"""Tests of how a process hears that a table changed."""

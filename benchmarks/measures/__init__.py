"""Measures: what is done to the systems that are up. Each has a NAME, its programs, and a measure()."""

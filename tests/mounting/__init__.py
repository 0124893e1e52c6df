"""Tests of mounting: where an app is, how it starts and stops, and how it hears that the server ends."""

"""Faults against real servers: each scenario does one thing that goes wrong, and tells in figures what came of it."""

"""Signals: how this process hears that a table changed. Each has the same three verbs: start, committed, stop."""

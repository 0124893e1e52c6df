"""Serving: our HTTP protocol, the server, and its worker processes. Knows nothing of tables."""

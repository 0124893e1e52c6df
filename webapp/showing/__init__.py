"""Showing: static files, templates, addresses, and rendered rows. Knows no HTTP requests."""

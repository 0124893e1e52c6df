"""The Django app that knows the table of users."""

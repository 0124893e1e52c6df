"""Mounting: the app below a path of another app, on a server that is not ours. Knows ASGI only, nothing of tables."""

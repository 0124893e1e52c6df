"""The routes that each table has. They know the table that they are given, and none by name."""

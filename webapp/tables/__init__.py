"""What a table is, and how its rows are listed, read and written. Knows SQL, never HTTP or HTML."""

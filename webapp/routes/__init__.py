"""HTTP: one place (answers.py) decides who gets a page, a part, JSON or CSV; the others say what it shows."""

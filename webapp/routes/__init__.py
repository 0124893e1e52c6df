"""HTTP: one place (answers.py) decides whether a reader gets a page, a part or JSON; the others say what it shows."""

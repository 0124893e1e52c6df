"""HTTP. ``answers``: how any answer is made; ``table``: the routes of each table; ``site``: the routes of the site."""

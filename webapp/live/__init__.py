"""How an open page stays true. Knows pages and bytes, never SQL, Quart or users.

::

    Signal "users changed, in these rows" -> Hub -> each Feed of that table whose page they may change: invalid
    Feed: clear the flag, read the Page, diff(old, new) -> Frame, rendered once
    Frame -> every Subscriber that has the old revision; one that cannot keep up waits for a frame of its own

A reader that connects says which revision it has. The feed subscribes it first and compares then, so that nothing
can fall between: equal, and only the greeting goes out; one of the last few, and one frame leads from there to now;
anything else, and one frame replaces all.
"""

"""How any answer is made: what the request asks for, in which format, and what is sent. Knows no route."""

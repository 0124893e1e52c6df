# What is taken out of htmx 4.0.1, and nothing is put in: by this statement it prevents what a click does before it looks
# at Ctrl, Shift and Cmd, and no link would open in a new tab. It is for clicks that are delayed, of which we have none.
s/(\.handler=([a-z])=>\{if\()this\.#[A-Za-z]+\(\2\)&&\2\.preventDefault\(\),/\1/

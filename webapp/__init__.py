"""Rowcast: a live table over a database. The layers, lowest first; each may use only those above it in this list.

resources  where templates and static files lie
assets     static files as readers get them: joined, and compressed
logs       how log records are written
messages   texts for people, as data, translated where they are shown
bounded    a connection whose requests must come in time and in size
config     settings, read once from the environment and refused at start when bad
database   engines and transactions; the one place that knows SQLite from PostgreSQL
schema     the version of the tables
tables     what a table is, how its rows are listed, read and written; knows SQL, never HTTP or HTML
live       how an open page stays true; knows pages and bytes, never SQL, Quart or users
templating the environment of all templates, and their version
linking    the addresses in our pages, and in pages of others
rendering  rows, pages, frames' parts; one cache for pages and streams
users      the user directory: the only module that knows users, and the one to copy for a table of your own
security   cross-origin protection, host names, headers
routes     HTTP: rows, listings, the stream, the connection log, languages, errors
app        builds the parts and hands them to each other
protocol   one connection; a stream keeps nothing of it but its transport
server     uvicorn with our protocol; ends its streams on SIGTERM
forked     one worker process, and what it tells its parent
supervisor keeps worker processes running, whatever they do
workers    several processes that serve one port
demo       realistic users, and a life for them to be watched
cli        rowcast serve, migrate, demo, shell
"""

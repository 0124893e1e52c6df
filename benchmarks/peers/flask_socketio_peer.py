"""Flask-SocketIO on the server that its documentation starts: PORT threading|gevent change|tutorial.

``change``: each edit emits its row. ``tutorial``: a background task emits the whole table every five seconds, as the
known tutorials do.
"""

import sys

port, mode, work = int(sys.argv[1]), sys.argv[2], sys.argv[3]
if mode == "gevent":
    from gevent import monkey

    monkey.patch_all()

import rows  # noqa: E402 -- what is patched must be patched first
from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO  # noqa: E402

app = Flask(__name__)
socketio = SocketIO(app, async_mode=mode)


@app.post("/users/<int:number>")
def edit(number: int) -> tuple[str, int]:
    row = rows.edit(number, request.form["email"])
    if work == "change":
        socketio.emit("row", {"id": number, "html": row})
    return "", 204


def emit_table() -> None:
    while True:
        socketio.sleep(5)
        socketio.emit("table", rows.table())


if work == "tutorial":
    socketio.start_background_task(emit_table)
# Without the last one it refuses to start what its documentation says to start.
socketio.run(app, host="127.0.0.1", port=port, allow_unsafe_werkzeug=True)

#!/usr/bin/env bash
# What an app that streams meets when it is mounted below a path of another. Prints "ok" for each of:
#
# 1. Starlette (so FastAPI) passes a mounted app its requests, but nothing of lifespan: it is never started or stopped.
# 2. uvicorn tells an open stream nothing when it is to end, and waits for it: SIGTERM does not end the process.
#
# So a mounted app must start by itself, and hear by itself that its streams are to end. It fails when one is no longer
# so. Needs python3 >= 3.11 and curl.
set -euo pipefail

folder=$(mktemp -d) process=
trap 'kill -9 $process 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q starlette==1.10.0 uvicorn==0.54.0

cat > apps.py <<'PYTHON'
import asyncio
from starlette.applications import Starlette
from starlette.routing import Mount

heard = []

async def mounted(scope, receive, send):
    heard.append(scope["type"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"open", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass

host = Starlette(routes=[Mount("/admin", app=mounted)])

async def lifespan(app):
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message["type"])

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"], sent
    assert heard == [], heard
    print("ok 1: the host was started and stopped, the mounted app heard nothing")
PYTHON
venv/bin/python -c 'import apps, asyncio; asyncio.run(apps.lifespan(apps.host))'

port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/uvicorn --log-level error --port "$port" apps:host & process=$!
curl -sN --retry 20 --retry-connrefused --retry-delay 1 --max-time 60 "http://127.0.0.1:$port/admin/" > stream &
for _ in $(seq 100); do grep -q open stream 2> /dev/null && break; sleep 0.2; done
grep -q open stream
kill -TERM $process
sleep 5
kill -0 $process
echo "ok 2: five seconds after SIGTERM the process still waits for its stream"

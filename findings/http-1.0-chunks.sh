#!/usr/bin/env bash
# How uvicorn answers HTTP/1.0 where an app sends a body without its length. Prints "ok" for each of:
#
# 1. With httptools the answer has Transfer-Encoding: chunked, and chunks, though HTTP/1.0 knows neither (RFC 9112, 7.1).
# 2. With h11 it has not: the end of the connection is the end of the body.
#
# So what streams has to look at the version by itself. It fails when one is no longer so. Needs python3 >= 3.11.
set -euo pipefail

folder=$(mktemp -d) process=
trap 'kill $process 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q uvicorn==0.54.0 httptools==0.8.0 h11==0.16.0

cat > app.py <<'PYTHON'
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/csv")]})
    await send({"type": "http.response.body", "body": b"name\r\n", "more_body": True})
    await send({"type": "http.response.body", "body": b"bolt\r\n"})
PYTHON

cat > ask.py <<'PYTHON'
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as connection:
    connection.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
    answer = b"".join(iter(lambda: connection.recv(4096), b""))
head, _, body = answer.partition(b"\r\n\r\n")
print("chunked" if b"transfer-encoding: chunked" in head.lower() else "plain", body)
PYTHON

number=0
for expected in "httptools chunked b'6\\r\\nname\\r\\n\\r\\n6\\r\\nbolt\\r\\n\\r\\n0\\r\\n\\r\\n'" "h11 plain b'name\\r\\nbolt\\r\\n'"; do
  number=$((number + 1)) kind=${expected%% *}
  port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  venv/bin/uvicorn --log-level error --lifespan off --http "$kind" --port "$port" app:app & process=$!
  for _ in $(seq 100); do told=$(python3 ask.py "$port" 2> /dev/null) && break; sleep 0.2; done
  kill $process && wait $process || true
  [ "$kind $told" = "$expected" ] || { echo "not so: $kind $told"; exit 1; }
  echo "ok $number: $kind: $told"
done

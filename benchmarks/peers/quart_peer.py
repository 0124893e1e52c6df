"""Quart's documented Server-Sent Events, on hypercorn: quart_peer:app. Each reader has a queue and a generator.

The documented class does not load: its last field has no default after others that have one. That alone is mended.
"""

import asyncio
from dataclasses import dataclass

import rows
from quart import Quart, abort, make_response, request

app = Quart(__name__)
readers: set[asyncio.Queue[str]] = set()


@dataclass
class ServerSentEvent:
    data: str
    event: str | None = None
    id: int | None = None
    retry: int | None = None

    def encode(self) -> bytes:
        message = f"data: {self.data}"
        if self.event is not None:
            message = f"{message}\nevent: {self.event}"
        if self.id is not None:
            message = f"{message}\nid: {self.id}"
        if self.retry is not None:
            message = f"{message}\nretry: {self.retry}"
        message = f"{message}\n\n"
        return message.encode("utf-8")


@app.get("/stream")
async def stream():
    if "text/event-stream" not in request.accept_mimetypes:
        abort(400)
    queue: asyncio.Queue[str] = asyncio.Queue()
    readers.add(queue)

    async def send_events():
        try:
            while True:
                yield ServerSentEvent(await queue.get(), event="row").encode()
        finally:
            readers.discard(queue)

    head = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "Transfer-Encoding": "chunked"}
    response = await make_response(send_events(), head)
    response.timeout = None
    return response


@app.post("/users/<int:number>")
async def edit(number: int):
    row = rows.edit(number, (await request.form)["email"])
    for queue in readers:
        queue.put_nowait(row)
    return "", 204

"""sse-starlette on uvicorn, as its documentation says: PORT. Each reader has a queue and a generator."""

import asyncio
import sys

import rows
import uvicorn
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

readers: set[asyncio.Queue[str]] = set()


async def stream(request: Request) -> EventSourceResponse:
    queue: asyncio.Queue[str] = asyncio.Queue()
    readers.add(queue)

    async def events():
        try:
            while True:
                yield {"event": "row", "data": await queue.get()}
        finally:
            readers.discard(queue)

    return EventSourceResponse(events())


async def edit(request: Request) -> Response:
    async with request.form() as form:
        row = rows.edit(request.path_params["number"], str(form["email"]))
    for queue in readers:
        queue.put_nowait(row)
    return Response(status_code=204)


app = Starlette(routes=[Route("/stream", stream), Route("/users/{number:int}", edit, methods=["POST"])])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")

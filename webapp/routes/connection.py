"""Connection: the browser's answer to a greeting, and the badge that shows whether the page is live."""

from __future__ import annotations

from quart import Blueprint, Response

from webapp.routes.answers import audience, plain_environment
from webapp.routes.services import Services


def connection_routes(services: Services) -> Blueprint:
    """Return the routes of the connection log and the badge."""
    routes = Blueprint("connection", __name__, url_prefix="/connection")

    @routes.post("/<token>")
    async def answer(token: str) -> Response:
        """Take a browser's answer to its greeting; what comes of it travels back on the stream."""
        if services.hub.answered(token):
            return Response(status=204)
        if services.peers is None:
            return Response(status=404)
        services.peers.tell(token)
        return Response(status=202)  # whether another worker waits for it, we cannot know

    @routes.get("/<any(live, lost, unsaved):state>")
    async def badge(state: str) -> Response:
        """One state of the badge, or what is said of a write that found no server.

        Cached by the browser, for it must be there when the server is not.
        """
        html = plain_environment().get_template("connection/_badge.html").render(state=state)
        headers = {"Cache-Control": "max-age=86400", "Vary": "Accept-Language", "Content-Language": audience().language}
        return Response(html, mimetype="text/html", headers=headers)

    return routes

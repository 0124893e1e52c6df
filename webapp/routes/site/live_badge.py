"""The badge that shows whether a page is live, and the route by which a browser answers a stream's greeting."""

from __future__ import annotations

from quart import Blueprint, Response, request

from rowcast.i18n import languages
from rowcast.live.subscriber import TOKEN
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.content_negotiation import audience
from rowcast.showing.template_environment import environment


def connection_routes(app_context: AppContext) -> Blueprint:
    """Return the routes of the connection log and the badge."""
    routes = Blueprint("connection", __name__, url_prefix="/connection")

    @routes.post("/<token>")
    async def answer(token: str) -> Response:
        """Take a browser's answer to its greeting; what comes of it travels back on the stream.

        That may be a stream of another process, which is told then.
        """
        if app_context.hub.answered(token):
            return Response(status=204)
        is_told = TOKEN.fullmatch(token) and await app_context.signal.tell(token)
        return Response(status=202 if is_told else 404)

    @routes.get("/<any(live, lost, unsaved):state>")
    async def badge(state: str) -> Response:
        """One state of the badge, or what is said of a write that found no server.

        Cached by the browser, for it must be there when the server is not; so the page names its language in the
        address, and no cookie that comes or goes makes the browser ask again.
        """
        asked = request.args.get("language")
        language = asked if asked in languages() else audience().language
        html = environment(language).get_template("connection/_badge.html").render(state=state)
        headers = {"Cache-Control": "max-age=86400", "Content-Language": language}
        if language != asked:
            headers["Vary"] = "Accept-Language, Cookie"
        return Response(html, mimetype="text/html", headers=headers)

    return routes

"""The app: builds the parts and hands them to each other."""

from __future__ import annotations

import secrets
from pathlib import Path

from quart import Blueprint, Quart, redirect
from quart.typing import ResponseReturnValue

from webapp.config import Settings
from webapp.database import Database, Unusable
from webapp.live.encoders import Encoder, encoder_of
from webapp.live.hub import Hub
from webapp.live.limits import Key, Limits
from webapp.live.signals import signal_of
from webapp.rendering import Renderers
from webapp.routes.assets import add_assets
from webapp.routes.compression import add_compression
from webapp.routes.connection import connection_routes
from webapp.routes.embedding import add_embedding
from webapp.routes.endings import add_endings
from webapp.routes.errors import add_errors
from webapp.routes.handover import Handover
from webapp.routes.languages import add_languages
from webapp.routes.listings import add_listings
from webapp.routes.observing import add_observing
from webapp.routes.openapi import add_openapi
from webapp.routes.rows import add_rows
from webapp.routes.services import Services
from webapp.routes.stream import add_stream
from webapp.routes.waiting import add_waiting
from webapp.routes.writes import add_writes
from webapp.security import protect
from webapp.tables.page import Page
from webapp.tables.pages import Pages
from webapp.tables.table import Table
from webapp.tables.touching import Basis
from webapp.users import USERS

TABLES = {table.name: table for table in (USERS,)}


def create_app(settings: Settings, workers: Path | None = None) -> Quart:
    """Return the app, which opens the database when it starts and closes it when it ends.

    ``workers`` is the folder that it shares with the other workers of this machine, if there are any.
    """
    app = Quart(__name__, static_folder=None)
    app.asgi_http_class = Handover
    app.secret_key = settings.secret.get_secret_value() if settings.secret else secrets.token_hex()
    app.config.update(
        SESSION_COOKIE_NAME="rowcast",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        MAX_CONTENT_LENGTH=settings.body_limit,
        STALL=settings.stall,
    )
    add_openapi(app, tuple(TABLES.values()))
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    add_errors(app)
    add_compression(app)
    add_assets(app)

    database = Database(settings.database, is_pooler=bool(settings.listen))

    pages = Pages(database)

    async def read(key: Key) -> Page:
        return await pages.read(TABLES[key.table], key.listing)

    renderers = Renderers(settings.cached_rows)

    def encoder(key: Key) -> Encoder:
        return encoder_of(key.form, renderers.get(TABLES[key.table], key.audience))

    def basis(key: Key) -> Basis:
        return Basis(TABLES[key.table], key.listing)

    limits = Limits(**{name: getattr(settings, name) for name in Limits.__dataclass_fields__})
    hub = Hub(read, encoder, basis, limits)
    signal = signal_of(database, hub, tuple(TABLES.values()), settings.listen, workers)
    services = Services(database, pages, hub, signal, renderers)
    add_observing(app, database, hub, workers)
    protect(app, settings.hosts, settings.embed_origins)
    for table in TABLES.values():
        app.register_blueprint(_routes(table, services))
    app.register_blueprint(connection_routes(services))
    add_languages(app)

    @app.get("/")
    async def home() -> ResponseReturnValue:
        return redirect(f"/{USERS.name}")

    # The server prints what an Unusable says; Quart's traceback would only hide it.
    app.logger.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], Unusable)))

    @app.before_serving
    async def start() -> None:
        await services.signal.start()

    @app.after_serving
    async def stop() -> None:
        hub.close()
        await services.signal.stop()
        await database.close()

    return app


def _routes(table: Table, services: Services) -> Blueprint:
    routes = Blueprint(table.name, __name__, url_prefix=f"/{table.name}")
    for add in (add_listings, add_embedding, add_rows, add_writes, add_waiting, add_stream, add_endings):
        add(routes, table, services)
    return routes

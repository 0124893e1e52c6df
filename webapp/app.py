"""The app: builds all parts of one server process and hands them to each other."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from quart import Blueprint, Quart, redirect
from quart.typing import ResponseReturnValue

from rowcast.config import BadSetting, Settings, read_settings
from rowcast.database import Database, Unusable
from rowcast.live.encoder import FrameEncoder, encoder_of
from rowcast.live.feed_key import FeedKey
from rowcast.live.hub import Hub
from rowcast.live.limits import Limits
from rowcast.live.signals import signal_of
from rowcast.mounting.mountable_app import MountableApp
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.compression import add_compression
from rowcast.routes.answers.error_handlers import add_errors
from rowcast.routes.answers.own_address import SessionCookie, path_prefix
from rowcast.routes.answers.security import protect
from rowcast.routes.answers.stream_response import StreamingHttpConnection
from rowcast.routes.site.language_switch import add_languages
from rowcast.routes.site.live_badge import connection_routes
from rowcast.routes.site.monitoring import add_observing
from rowcast.routes.site.openapi import add_openapi
from rowcast.routes.site.static_files import add_assets
from rowcast.routes.table.embedding import add_embedding
from rowcast.routes.table.format_suffixes import add_endings
from rowcast.routes.table.key_converter import KeyConverter
from rowcast.routes.table.listings import add_listings
from rowcast.routes.table.missed_changes_count import add_waiting
from rowcast.routes.table.rows_and_forms import add_rows
from rowcast.routes.table.stream import add_stream
from rowcast.routes.table.undo import add_undo
from rowcast.routes.table.writes import add_writes
from rowcast.schema import check
from rowcast.showing.table_renderer import RendererCache
from rowcast.tables.page import Page
from rowcast.tables.page_cache import PageCache
from rowcast.tables.page_dependency import PageDependency, RowDependency
from rowcast.tables.table import Table
from rowcast.users import USERS

if TYPE_CHECKING:
    from rowcast.live.worker_peers import WorkerPeers

TABLES = {table.name: table for table in (USERS,)}


def create_app(settings: Settings | None = None, workers: WorkerPeers | None = None) -> MountableApp:
    """Return the app, an ASGI app for any server, or to be mounted below a path of another app::

        host = FastAPI(lifespan=app.lifespan)
        host.mount("/admin", app)

    It opens the database when it starts and closes it when it ends. Where its host neither passes ASGI's lifespan on
    nor uses ``app.lifespan``, it starts at the first request. Without ``settings`` the environment has them
    (``ROWCAST_*``; raises BadSetting). ``workers`` is what it shares with the other workers of this machine, if there
    are any.
    """
    settings = read_settings() if settings is None else settings
    app = MountableApp(__name__, prefix=settings.prefix, static_folder=None)
    app.asgi_http_class = StreamingHttpConnection
    app.session_interface = SessionCookie()
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
    app.url_map.converters["key"] = KeyConverter
    add_errors(app)
    add_compression(app)
    add_assets(app)

    database = Database(settings.database, is_pooler=bool(settings.listen))

    pages = PageCache(database)

    async def read(key: FeedKey) -> Page:
        table = TABLES[key.table]
        return await (pages.read(table, key.listing) if key.row is None else pages.read_row(table, key.row))

    renderers = RendererCache(settings.cached_rows)

    def encoder(key: FeedKey) -> FrameEncoder:
        return encoder_of(key, renderers.get(TABLES[key.table], key.audience))

    def dependency(key: FeedKey) -> PageDependency:
        return PageDependency(TABLES[key.table], key.listing) if key.row is None else RowDependency(key.row)

    limits = Limits(**{name: getattr(settings, name) for name in Limits.__dataclass_fields__})
    hub = Hub(read, encoder, dependency, limits)
    signal = signal_of(database, hub, tuple(TABLES.values()), settings.listen, workers)
    app_context = AppContext(database, pages, hub, signal, renderers)
    add_observing(app, database, tuple(TABLES.values()), hub, workers)
    protect(app, settings.hosts, settings.embed_origins)
    for table in TABLES.values():
        app.register_blueprint(_routes(table, app_context))
    app.register_blueprint(connection_routes(app_context))
    add_languages(app)

    @app.get("/")
    async def home() -> ResponseReturnValue:
        return redirect(f"{path_prefix()}/{USERS.name}")

    _refuse_ambiguous(settings.prefix, app)

    # The server prints what an Unusable says; Quart's traceback would only hide it.
    app.logger.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], Unusable)))

    app.end_streams = hub.close

    @app.before_serving
    async def start() -> None:
        try:
            # The host of an app that is mounted need not have done so.
            await check(database, was_there=workers is not None)
            await app_context.signal.start()
        except BaseException:  # what did not start is not told to stop
            await database.disconnect()
            raise

    @app.after_serving
    async def stop() -> None:
        hub.close()
        await app_context.signal.stop()
        await database.close()

    return app


def _refuse_ambiguous(prefix: str, app: Quart) -> None:
    # A proxy may pass the prefix on or not, so a path of ours must not look like one that begins with it.
    first = prefix.split("/")[1:2]
    if first and any(rule.rule.split("/")[1].partition(".")[0] in first for rule in app.url_map.iter_rules()):
        raise BadSetting(f"ROWCAST_PREFIX={prefix!r} cannot be used: /{first[0]} is an address of ours. Take another.")


def _routes(table: Table, app_context: AppContext) -> Blueprint:
    routes = Blueprint(table.name, __name__, url_prefix=f"/{table.name}")
    for add in (add_listings, add_embedding, add_rows, add_writes, add_undo, add_waiting, add_stream, add_endings):
        add(routes, table, app_context)
    return routes

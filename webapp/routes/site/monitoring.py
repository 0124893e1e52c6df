"""Monitoring: health checks, Prometheus metrics, and one log line for each request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from quart import Quart, Response, g, request
from sqlalchemy import Connection

from rowcast.database import Database
from rowcast.live.hub import Hub
from rowcast.routes.site.aggregated_metrics import AggregatedMetrics
from rowcast.schema import is_current
from rowcast.tables.history import changes_of
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.tables.page import page_of
from rowcast.tables.table import Table

if TYPE_CHECKING:
    from rowcast.live.worker_peers import WorkerPeers

SHOWN = "/?&=:;,@!$'()*+~%"  # what a logged address shows as it is; control characters are never among it

log = logging.getLogger(__name__)


class HubCollector(Collector):
    """Reads the metrics of a hub when Prometheus asks."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        hub, metrics = self._hub, self._hub.metrics
        yield GaugeMetricFamily("rowcast_workers", "Processes that serve", 1)
        yield GaugeMetricFamily("rowcast_subscribers", "Open streams", len(hub.subscribers))
        yield GaugeMetricFamily("rowcast_feeds", "Listings that are kept live", len(hub.feeds))
        yield GaugeMetricFamily("rowcast_tasks", "Tasks of the event loop", len(asyncio.all_tasks()))
        frames = CounterMetricFamily("rowcast_frames", "Frames made", labels=["kind"])
        for kind in ("incremental", "replacing", "resuming"):
            frames.add_metric([kind], metrics.frames[kind])
        yield frames
        ended = CounterMetricFamily("rowcast_streams_ended", "Streams that ended", labels=["reason"])
        for reason in ("left", "life", "moved", "shutdown", "stalled"):
            ended.add_metric([reason], metrics.ended[reason])
        yield ended
        written = metrics.bytes + sum(subscriber.bytes for subscriber in hub.subscribers)
        yield CounterMetricFamily("rowcast_bytes", "Bytes of frames given to subscribers", written)
        behind = metrics.behind + sum(subscriber.lags for subscriber in hub.subscribers)
        yield CounterMetricFamily("rowcast_behind", "Times that a subscriber fell behind", behind)
        spared = "Times that a listing was not read again, for no row was touched that can change it"
        yield CounterMetricFamily("rowcast_refreshes_spared", spared, metrics.spared)
        yield from metrics.refresh.collect()
        yield from metrics.latency.collect()


def add_observing(
    app: Quart, database: Database, tables: Sequence[Table], hub: Hub, workers: WorkerPeers | None = None
) -> None:
    """Add the health and metrics routes to ``app``, and log its requests (so before what may refuse one).

    ``tables`` are what pages show. ``workers`` is where all workers put their counters, if there are several.
    """
    registry = CollectorRegistry()

    def read_all(connection: Connection) -> None:
        for table in tables:
            for listing in (Listing(), Listing(q="ready")):
                page_of(connection, table, listing)
            changes_of(connection, table, Key((0,)))

    if workers is None:
        registry.register(HubCollector(hub))
    else:
        totals = AggregatedMetrics(HubCollector(hub), workers)
        registry.register(totals)
        app.before_serving(totals.start)
        app.after_serving(totals.stop)

    @app.get("/health/live")
    async def live() -> Response:
        """Tell that this process answers."""
        return Response("live\n", mimetype="text/plain")

    @app.get("/health/ready")
    async def ready() -> Response:
        """Tell whether requests can be served: the database is there, of our version, and holds what pages need."""
        try:
            is_ready = await is_current(database)
            await database.query(read_all)
        except Exception as error:
            log.warning("Not ready: %s", error)
            is_ready = False
        return Response("ready\n" if is_ready else "not ready\n", 200 if is_ready else 503, mimetype="text/plain")

    @app.get("/metrics")
    async def metrics() -> Response:
        """The counters of this process and of the workers beside it, for Prometheus."""
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    @app.before_request
    async def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    async def end(response: Response) -> Response:
        now = time.perf_counter()
        about = {
            "method": request.method,
            "path": quote(request.root_path + request.full_path.removesuffix("?"), safe=SHOWN),
            "status": response.status_code,
            "ms": round((now - g.get("began", now)) * 1000, 1),  # when the app could not start, it began nothing
            "client": request.remote_addr,
        }
        log.info("request", extra=about)
        return response

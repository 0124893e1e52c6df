"""Logs: how log records are written, one line each, as ``key=value`` pairs or as JSON.

Modules use the standard library's loggers with ``extra``; here is how their records are written.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal

from structlog.processors import JSONRenderer, LogfmtRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level

Style = Literal["text", "json"]


def configure(style: Style) -> None:
    """Write the log to standard error, in ``text`` (logfmt) or ``json``."""
    renderer: Any = JSONRenderer()
    if style == "text":
        renderer = LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[ExtraAdder(), add_log_level, TimeStamper(fmt="iso", utc=True), format_exc_info],
            processors=[ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("rowcast").setLevel(logging.INFO)

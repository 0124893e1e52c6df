"""Logs: how log records are written, one line each, as ``key=value`` pairs or as JSON.

As pairs, a traceback follows its line as people read it, each of its own lines indented: what is not indented begins a
record. Modules use the standard library's loggers with ``extra``; here is how their records are written.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, Literal

from structlog.processors import JSONRenderer, LogfmtRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level
from structlog.typing import EventDict

Style = Literal["text", "json"]
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def configure(style: Style) -> None:
    """Write the log to standard error, in ``text`` (logfmt) or ``json``."""
    renderer: Any = JSONRenderer()
    if style == "text":
        renderer = _render_text
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[ExtraAdder(), add_log_level, TimeStamper(fmt="iso", utc=True), format_exc_info],
            processors=[ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("rowcast").setLevel(logging.INFO)


_render_pairs = LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)


def _render_text(logger: Any, name: str, event: EventDict) -> str:
    # Whatever others put into a message: it ends no line (\r and U+2028 do for some), and moves no cursor.
    trace = str(event.pop("exception", "")).splitlines()
    lines = [_render_pairs(logger, name, event), *(f"    {line}" for line in trace)]
    return "\n".join(CONTROL.sub(lambda found: repr(found[0])[1:-1], line) for line in lines)

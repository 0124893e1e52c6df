"""Log records as lines: key=value or JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from rowcast import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the root logger as it was."""
    root, ours = logging.getLogger(), logging.getLogger("rowcast")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def test_a_record_is_one_line_of_keys_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    logging.getLogger("rowcast.anything").info("request", extra={"path": "/users?q=a b", "status": 200})
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert 'level=info event=request path="/users?q=a b" status=200' in line


def test_what_others_put_into_a_path_cannot_begin_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    for style in ("text", "json"):
        logs.configure(style)
        logging.getLogger("rowcast.anything").info("request", extra={"path": "/users?q=\nlevel=error event=forged"})
        assert capsys.readouterr().err.count("\n") == 1


def test_a_traceback_is_read_below_its_line_and_begins_no_record(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    log = logging.getLogger("rowcast.anything")
    try:
        raise ValueError("broken\ntimestamp=now level=error event=forged\r\u2028\x1b[2J")
    except ValueError:
        log.exception("A feed could not be refreshed", extra={"client": "a\rb"})
    log.info("request")
    told = capsys.readouterr().err
    first, *trace, last = told.removesuffix("\n").split("\n")
    assert first.endswith('level=error event="A feed could not be refreshed" client=a\\rb')
    assert trace[0] == "    Traceback (most recent call last):"
    assert "    ValueError: broken" in trace
    assert all(line.startswith("    ") for line in trace), "what is not indented begins a record"
    assert last.endswith("level=info event=request")
    assert not set("\r\u2028\x1b") & set(told)


def test_in_json_each_line_is_an_object_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("rowcast.anything").exception("A feed could not be refreshed")
    told = json.loads(capsys.readouterr().err)
    assert told["level"] == "error"
    assert told["event"] == "A feed could not be refreshed"
    assert "ValueError: broken" in told["exception"]


def test_other_libraries_speak_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    logging.getLogger("uvicorn.error").info("chatter")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert capsys.readouterr().err.count("\n") == 1

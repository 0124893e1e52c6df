"""Events as bytes: whatever the text, two decoders that are not ours read the same back."""

from __future__ import annotations

import re

import pytest
from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from rowcast.live.sse import message
from tests.model import Decoder, Event

HOSTILE = st.text(st.sampled_from("ab:\r\n\u2028\u2029\x85\x0b\x0c\0 é🎉")) | st.text()
ONE_LINE = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1)


def decode(data: bytes) -> ServerSentEvent:
    """Decode one event by httpx-sse."""
    lines, decoder = SSELineDecoder(), SSEDecoder()
    found = [decoder.decode(line) for line in lines.decode(data.decode())]
    assert found[-1], "the message does not end"
    assert not any(found[:-1]), "the message ends too early"
    return found[-1]


def as_lines(text: str) -> str:
    """Return ``text`` as any reader of a stream gets it: line ends become ``\\n``."""
    return re.sub("\r\n|\r", "\n", text)


@given(HOSTILE, st.none() | ONE_LINE, st.none() | ONE_LINE, st.none() | st.integers(0, 10**6))
def test_a_message_comes_back_as_it_was(data: str, id: str | None, event: str | None, retry: int | None) -> None:
    found = decode(message(data, id=id, event=event, retry=retry))
    assert (found.data, found.id, found.event, found.retry) == (as_lines(data), id or "", event or "message", retry)


@given(st.lists(st.tuples(HOSTILE, ONE_LINE), min_size=1, max_size=4), st.data())
def test_our_model_reads_the_same_in_pieces_of_any_size(sent: list[tuple[str, str]], data: st.DataObject) -> None:
    stream = b"".join(message(text, id=id) for text, id in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    decoder = Decoder()
    segments = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    found = [event for segment in segments for event in decoder.feed(segment)]
    assert found == [Event(as_lines(text), id, "", None) for text, id in sent]


@pytest.mark.parametrize("field", ["id", "event"])
@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\r\nb", "a\0b"], ids=ascii)
def test_what_would_break_a_line_is_refused(field: str, bad: str) -> None:
    with pytest.raises(ValueError, match=field):
        message("text", id=bad if field == "id" else None, event=bad if field == "event" else None)


def test_a_name_cannot_end_its_event_and_begin_another() -> None:
    assert decode(message("a\rid: 1\r\rdata: x", id="7")).data == "a\nid: 1\n\ndata: x"


def test_half_a_character_does_not_break_the_stream() -> None:
    assert decode(message("a\ud800b")).data == "a?b"


def test_the_bytes_are_plain() -> None:
    assert message("a\nb", id="7", retry=1000) == b"id: 7\nretry: 1000\ndata: a\ndata: b\n\n"

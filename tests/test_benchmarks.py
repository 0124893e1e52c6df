"""The benchmark measures what it says: its client counts truthfully, its floor delivers, its ratios are of rounds."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from benchmarks import processor
from benchmarks.__main__ import run
from benchmarks.client import HOST, Failed, get, marked, reading, request
from benchmarks.fans import form, frame
from benchmarks.measures.views import SHOWN, USER, listings
from benchmarks.plan import Plan
from benchmarks.results import Results
from benchmarks.rowcast_server import rowcast
from benchmarks.systems import Missing, Program, System, running
from tests.ports import free_port

STREAM = request("GET", "/")
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
FLOOR = Path("build/benchmarks/floor").resolve()


@contextmanager
def serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve each connection in a thread; yield the port."""
    served: list[threading.Thread] = []
    with socket.create_server((HOST, 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:  # it was closed
                    return
                connection.settimeout(10)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                served.append(threading.Thread(target=finish, args=(connection,)))
                served[-1].start()

        def finish(connection: socket.socket) -> None:
            with connection, suppress(BrokenPipeError, ConnectionResetError):  # whose time is up asks no more
                serve(connection)

        served.append(threading.Thread(target=accept))
        served[0].start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for thread in served:
                thread.join(10)


def test_a_mark_that_straddles_two_reads_is_counted_once() -> None:
    beginning, end = marked(1)[:4].encode(), marked(1)[4:].encode()

    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        for piece in (HEAD[:-2], HEAD[-2:], b"data: " + beginning, end + b"\n\n", b"data: again " + beginning + end):
            connection.sendall(piece)
            time.sleep(0.1)
        connection.recv(1000)

    with serving(serve) as port, reading(port, 3, [STREAM]) as readers:
        began = time.monotonic()
        [told] = readers.expect(1, seconds=5)
        time.sleep(0.3)
        assert told.readers == 3
        assert began < told.first <= told.last < time.monotonic(), "the clock is another one"
        assert readers.count() == 3 * (len(HEAD) + len(b"data: \n\ndata: again ") + 2 * len(marked(1)))


def test_half_a_mark_is_no_mark() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(HEAD + marked(1)[:-1].encode())
        connection.recv(1000)

    with serving(serve) as port, reading(port, 1, [STREAM]) as readers:
        [told] = readers.expect(1, seconds=0.5)
        assert told.readers == 0


def test_a_reader_that_was_dropped_is_not_passed_over_in_silence() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(HEAD)

    with serving(serve) as port, reading(port, 1, [STREAM]) as readers:
        time.sleep(0.2)
        with pytest.raises(Failed, match="1 readers were dropped"):
            readers.count()


def test_a_later_edit_tells_of_all_before_it_and_each_has_its_time(floor: System) -> None:
    edits = [request("POST", "/", frame(number)) for number in (7, 8, 9)]
    with reading(floor.port, 20, [STREAM]) as readers:
        told = readers.edit(7, edits, every=0.05)
        assert [one.readers for one in told] == [20, 20, 20]
        assert all(0 < one.first <= one.p50 <= one.p99 <= one.last < 5 for one in told)
        assert readers.busy > 0.1, "the edits were not spread"


def test_the_floor_delivers_every_byte_to_every_reader(floor: System) -> None:
    with reading(floor.port, 50, [STREAM]) as readers:
        before = readers.count()
        [told] = readers.edit(1, [request("POST", "/", frame(1))])
        assert (told.readers, told.status) == (50, 200)
        assert readers.count() - before == 50 * len(frame(1))


def test_requests_one_after_another_are_counted_whatever_way_the_answer_ends() -> None:
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nhello",
    ]

    def serve(connection: socket.socket) -> None:
        for answer in answers:
            if not connection.recv(1000):
                return
            connection.sendall(answer[:-3])
            time.sleep(0.001)
            connection.sendall(answer[-3:])

    with serving(serve) as port:
        done = get(port, 2, 0.5, [STREAM])
    assert done.count > 20
    assert done.statuses.keys() == {200, 404}
    assert abs(done.statuses[200] - 2 * done.statuses[404]) <= 4
    assert 0.001 < done.p50 <= done.p99
    total = sum(map(len, answers)) * done.count / 3
    assert done.bytes == pytest.approx(total, abs=2 * max(map(len, answers)))


def test_a_ratio_is_taken_within_a_round() -> None:
    results = Results()
    # The machine was ten times slower in the second round.
    results.add("m", "c", "cost", "ours", "ms", [1, 20, 1])
    results.add("m", "c", "cost", "floor", "ms", [2, 20, 1])
    results.compare("m", "cost", "ours", "floor")
    [ratio] = results.ratios
    assert ratio.value == 1
    assert results.as_json()["ratios"][0]["value"] == 1


def test_what_cannot_be_started_is_reported_with_its_reason(tmp_path: Path) -> None:
    def absent() -> str:
        raise Missing("nobody has it")

    def hanging() -> str:
        return subprocess.check_output(["sleep", "10"], text=True, timeout=0.1)

    told: list[tuple[str, str]] = []
    programs = [
        Program("absent", lambda _folder, _port: ["true"], absent),
        Program("hanging", lambda _folder, _port: ["true"], hanging),
        Program("broken", lambda _folder, _port: ["sh", "-c", "echo it is broken; exit 3"], lambda: "1"),
        Program("unknown", lambda _folder, _port: ["no-such-program"], lambda: "1"),
    ]
    with running(programs, tmp_path, lambda *why: told.append(why)) as up:
        assert not up
    assert dict(told)["absent"] == "nobody has it"
    assert "timed out" in dict(told)["hanging"]
    assert dict(told)["broken"] == "it ended with status 3: it is broken"
    assert "no-such-program" in dict(told)["unknown"]


def test_the_clock_of_a_process_counts_threads_that_have_ended() -> None:
    code = (
        "import threading, sys\n"
        "for _ in range(5):\n"
        "    thread = threading.Thread(target=sum, args=(range(10**6),)); thread.start(); thread.join()\n"
        "print(); sys.stdout.flush(); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        used = processor.used(process.pid)
        main = int(Path(f"/proc/{process.pid}/task/{process.pid}/schedstat").read_text().split()[0]) / 1e9
        process.communicate(b"\n")
    assert used > main + 0.005, "this proves nothing unless the threads did something"


def test_a_process_that_ends_while_it_is_looked_at_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    assert not Path(f"/proc/{ended.pid}").exists()
    monkeypatch.setattr(processor, "processes", lambda _: [ended.pid])
    assert processor.used(ended.pid) == processor.memory(ended.pid) == 0


def test_no_two_systems_are_given_one_port() -> None:
    assert len({free_port() for _ in range(500)}) == 500


@pytest.mark.parametrize("error", [Failed("no"), OSError("no"), KeyError("no"), httpx.ReadTimeout("no")], ids=repr)
def test_a_measure_that_fails_is_reported_and_the_others_go_on(error: Exception) -> None:
    class Broken:
        NAME = "broken"

        def programs(self, plan: Plan) -> list[Program]:
            return [Program("floor", lambda _folder, port: [FLOOR, str(port)], lambda: "1")]

        def measure(self, up: dict[str, System], plan: Plan) -> Results:
            raise error

    results = Results()
    assert run(Broken(), Plan(), results) == {"floor": "1"}
    [(name, reason)] = results.missing
    assert name == "broken"
    assert "no" in reason


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_the_benchmark_ends_what_it_started(number: signal.Signals, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "benchmarks", "--only", "bursts", "--output", str(tmp_path / "result.json")]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "round 1" in line:
                break
        started = children(process.pid)
        process.send_signal(number)
        process.communicate(timeout=30)
    assert len(started) >= 2, "this proves nothing unless the floor and Rowcast were up"
    assert process.returncode == 1
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def test_of_all_listings_ten_show_the_row_before_and_after_an_edit(tmp_path: Path) -> None:
    queries = listings(1000, 60)
    assert len(set(queries)) == 60
    with running([rowcast(1000)], tmp_path, lambda *why: pytest.fail(str(why))) as up:
        for number in (1, 2):
            done = get(up["Rowcast"].port, 1, 0.01, [form(number, USER)])
            while not done.count:  # the first answer took longer than that
                done = get(up["Rowcast"].port, 1, 1, [form(number, USER)])
            assert done.statuses.keys() == {200}
            shown = [query for query in queries if USER in ids(up["Rowcast"], query)]
            assert shown == queries[:SHOWN]


def test_the_whole_benchmark_of_fan_out_runs_with_what_is_there(tmp_path: Path) -> None:
    output = tmp_path / "result.json"
    words = [sys.executable, "-m", "benchmarks", "--quick", "--only", "fan-out", "--output", str(output)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(output.read_text())
    shown = {figure["system"] for figure in result["figures"] if figure["case"] == "20 readers"}
    assert {"floor", "Rowcast"} <= shown
    missing = {entry["system"] for entry in result["missing"]}
    assert len(shown) + len(missing) >= 8, "a system is neither measured nor reported"
    assert all(entry["reason"] for entry in result["missing"])


def children(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def ids(system: System, query: str) -> list[int]:
    """Return the ids of the rows that a listing has."""
    asked = httpx.get(f"http://{HOST}:{system.port}/users?{query}", headers={"Accept": "application/json"})
    return [row["id"] for row in asked.raise_for_status().json()["rows"]]


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[System]:
    """The floor server."""
    program = Program("floor", lambda _folder, port: [FLOOR, str(port)], lambda: "1")
    with running([program], tmp_path, lambda *why: pytest.fail(str(why))) as up:
        yield up["floor"]

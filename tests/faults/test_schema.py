"""What a machine makes of our own description: it is true, and nothing that it sends brings an error of the server."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.conftest import Serve
from tests.faults.figures import Tell

PROGRAM = str(Path(sys.executable).parent / "schemathesis")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
OPTIONS = ("--checks", CHECKS, "--seed", "1", "-n", "20", "--workers", "2", "--request-timeout", "10")
QUIET = ("--warnings", "off", "--no-color", "--generation-database", "none")
REQUEST = re.compile(r"event=request method=(\w+) .*?status=(\d)\d\d")
ROWS = 60
BOUND = 240.0  # seconds, on a machine that does other things as well


@pytest.mark.timeout(BOUND + 60)
@pytest.mark.parametrize(
    ("finds_rows", "phases"),
    [(False, "examples,coverage"), (True, "examples,fuzzing")],
    ids=["at_the_bounds_of_all_values", "with_ids_that_exist"],
)
async def test_schemathesis_finds_no_answer_that_is_not_as_described(
    serve: Serve, tell: Tell, finds_rows: bool, phases: str
) -> None:
    server = serve(stream_life=0.5)
    server.add_users(ROWS)
    async with httpx.AsyncClient(base_url=server.address) as client:
        described = (await client.get("/openapi.json")).raise_for_status().json()
    if finds_rows:
        narrow(described)
    document = server.folder / "openapi.json"
    document.write_text(json.dumps(described))
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("run", document.name, "--url", server.address, "--phases", phases, *OPTIONS, *QUIET),
        cwd=server.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said = (await asyncio.wait_for(process.communicate(), BOUND))[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    answers: Counter[tuple[str, str]] = Counter(REQUEST.findall(server.told))
    assert process.returncode == 0, said
    assert not any(status == "5" for _, status in answers), answers
    # This proves nothing unless the methods were refused, and (where rows are found) did what they are for.
    for methods in (("GET",), ("POST",), ("PUT", "PATCH"), ("DELETE",)):
        assert all(answers[method, "4"] for method in methods), answers
        done = sum(answers[method, status] for method in methods for status in "23")
        assert done or not finds_rows, answers
    tell(0, [], requests=answers.total(), refused=sum(count for (_, status), count in answers.items() if status == "4"))


def narrow(described: dict[str, Any]) -> None:
    """Describe ids that exist: a machine that guesses finds hardly any."""
    for path in described["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "id":
                    parameter["schema"] |= {"minimum": 1, "maximum": ROWS}

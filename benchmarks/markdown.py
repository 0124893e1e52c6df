"""The tables of a result in Markdown, for the documentation: ``python -m benchmarks.markdown [RESULT.json]``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from benchmarks.results import plain


def tables(result: dict[str, Any]) -> Iterator[str]:
    """Yield the lines: for each measure a table, in which a line is a system in a case; then the ratios."""
    figures = result["figures"]
    for measure in dict.fromkeys(figure["measure"] for figure in figures):
        here = [figure for figure in figures if figure["measure"] == measure]
        names = list(dict.fromkeys((figure["name"], figure["unit"]) for figure in here))
        yield from ("", f"### {measure.capitalize()}", "")
        yield from _lines(["", "system", *(f"{name}, {unit}".removesuffix(", ") for name, unit in names)], 2)
        for case in dict.fromkeys(figure["case"] for figure in here):
            for system in dict.fromkeys(figure["system"] for figure in here if figure["case"] == case):
                found = {one["name"]: one["value"] for one in here if (one["case"], one["system"]) == (case, system)}
                yield _line([case, system, *(plain(found.get(name)) for name, _ in names)])
    yield from ("", "### Ratios", "")
    yield from _lines(["measure", "case", "what", "ratio"], 3)
    for ratio in result["ratios"]:
        other = [
            ratio[f"to_{key}"]
            for key in ("system", "name", "case")
            if key == "system" or ratio[f"to_{key}"] != ratio[key]
        ]
        what = f"{ratio['name']}: {ratio['system']} / {', '.join(other)}"
        yield _line([ratio["measure"], ratio["case"], what, f"{ratio['value']:.2f}"])
    yield ""
    yield from (f"- Missing: {missing['system']}: {missing['reason']}" for missing in result["missing"])
    yield from (f"- {note}" for note in result["notes"])
    yield from (f"- {name}: {version}" for name, version in (result["machine"] | result["versions"]).items())


def _lines(heads: list[str], texts: int) -> Iterator[str]:
    yield _line(heads)
    yield _line(["---" if number < texts else "---:" for number in range(len(heads))])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.markdown", description=__doc__)
    parser.add_argument("result", type=Path, nargs="?", default=Path("build/benchmarks/result.json"))
    click.echo("\n".join(tables(json.loads(parser.parse_args().result.read_text()))).strip())


if __name__ == "__main__":
    main()

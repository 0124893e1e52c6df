"""Only the module that defines keys may know what is in one: nowhere else is a row taken to be known by a number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DEFINES = ROOT / "webapp" / "tables" / "key.py"
SOURCES = [path for path in sorted((ROOT / "webapp").rglob("*.py")) if "migrations" not in path.parts]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CALLED = re.compile(r"(.*_)?(id|ids|key|keys)")  # what holds keys, or may


def assumptions(source: str) -> Iterator[str]:
    """Yield what in the code takes a key for a number, or a table's key for one column called id."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as kind) if CALLED.fullmatch(name) and is_number(kind):
                yield ast.unparse(node)
            case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), annotation=kind) if (
                CALLED.fullmatch(name) and is_number(kind) and "Mapped" not in ast.unparse(kind)
            ):
                yield ast.unparse(node)
            case ast.FunctionDef(name=name, returns=ast.expr() as kind) if CALLED.fullmatch(name) and is_number(kind):
                yield name
            case ast.Attribute(value=ast.Attribute(attr="model"), attr="id") | ast.Subscript(slice=ast.Constant("id")):
                yield ast.unparse(node)
            case ast.Attribute(value=ast.Name(id="row" | "change"), attr="id" | "ids"):
                yield ast.unparse(node)
            case ast.Call(func=ast.Name(id="array" | "int"), args=[first, *_]) if ast.unparse(
                first
            ) == "'q'" or re.search(r"\b(row|key|id)\b", ast.unparse(first)):
                yield ast.unparse(node)
            case ast.Constant(value=str(text)) if re.search(r"<int\b|^[<>=!@][0-9a-z]*q", text):
                yield text


def is_number(kind: ast.expr) -> bool:
    """Whether a type that is written so has numbers in it."""
    return any(isinstance(node, ast.Name) and node.id == "int" for node in ast.walk(kind))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_code_takes_a_key_for_a_number(path: Path) -> None:
    if path != DEFINES:
        assert list(assumptions(path.read_text())) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_template_asks_a_row_for_its_id(path: Path) -> None:
    assert not re.search(r"\brow(\.id\b|\[.id.\])", path.read_text())


@pytest.mark.parametrize(
    "source",
    [
        "def show(id: int): ...",
        "def find(row_ids: list[int]): ...",
        "after_key: int | None = None",
        "def keys(self) -> frozenset[int]: ...",
        "select(table.model.id)",
        "frozenset(row.id for row in rows)",
        "state['id']",
        "array('q', keys)",
        "Struct('>q8s')",
        "int(row.key)",
        "ROW = '/<int(max=9):id>'",
    ],
)
def test_what_was_taken_for_granted_before_is_found(source: str) -> None:
    assert list(assumptions(source))

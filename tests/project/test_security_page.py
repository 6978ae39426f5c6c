"""docs/security.md names tests, settings and files that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from graph_api.errors import GraphApiError
from graph_api.http.cookies import NAME, SESSION_HEADER
from graph_api.settings import Settings
from tests.project.checkout import ROOT, text

PAGE = text("docs/security.md")
CODES = {GraphApiError.code} | {error.code for error in GraphApiError.__subclasses__()}
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", PAGE)))
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
# How many requirements of levels 1 and 2 ASVS 5.0.0 has in the sections that apply.
APPLY = {"6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
         "7.5": 2, "8.1": 2, "8.2": 3, "8.3": 1, "9.1": 3, "9.2": 4}  # fmt: skip


def _names(file: str) -> set[str]:
    """Return the tests of a file, as pytest writes them."""
    return set(_defined(ast.parse(text(file)).body))


def _defined(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{prefix}{name}"
            case ast.ClassDef(name=name):
                yield from _defined(node.body, f"{name}::")


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_a_test_that_the_page_names_is_there(file: str, name: str) -> None:
    assert name in _names(file)


def test_files_and_settings_that_it_names_are_there() -> None:
    assert [
        name for name in re.findall(r"`(tests/[\w/]+\.py)`", PAGE) if not (ROOT / name).is_file()
    ] == []
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)[`=]", PAGE)) - CODES
    assert {name for name in named if name.lower() not in Settings.model_fields} == set()
    assert f"`{NAME}`" in PAGE
    assert f"`{SESSION_HEADER}: cookie`" in PAGE


def test_each_requirement_that_applies_has_its_row_and_says_how_it_is_met() -> None:
    numbers = [number for number, *_ in ROWS]
    sections = [number.rpartition(".")[0] for number in numbers]
    assert {section: sections.count(section) for section in sections} == APPLY
    assert len(set(numbers)) == len(numbers)

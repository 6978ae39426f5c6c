"""What pyproject.toml declares is what the code uses: no less, no more."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest

from tests.project.checkout import ROOT, toml

FOUND_BY_NAME = {
    "aiosqlite": "SQLAlchemy's driver for sqlite+aiosqlite://",
    "asyncpg": "SQLAlchemy's driver for postgresql+asyncpg://",
    "httptools": "uvicorn's fast HTTP parser",
    "tzdata": "zoneinfo's data on Windows",
    "uvloop": "uvicorn's fast event loop",
    "hatchling": "builds the wheel, as a command",
    "pytest-cov": "`just coverage`",
    "pytest-describe": "graphql-core's own tests are written with it",
    "pytest-xdist": "pytest's --numprocesses",
}


def distribution(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower()


def imported_names(folder: str) -> Iterator[str]:
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                yield str(node.module).partition(".")[0]


def used(*folders: str) -> set[str]:
    ours = {"graph_api", "schema", "tests", "benchmarks"} | sys.stdlib_module_names
    names = {name for folder in folders for name in imported_names(folder)} - ours
    owners = packages_distributions()
    return {owners[name][0].lower().replace("_", "-") for name in names}


def declared(*, extra: str | None = None) -> set[str]:
    project = toml("pyproject.toml")["project"]
    requirements = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {distribution(requirement) for requirement in requirements}


def test_the_library_declares_what_it_imports() -> None:
    """But for pytest: it is pytest itself that loads ``graph_api.testing.plugin``."""
    assert used("graph_api") <= declared() | {"pytest"}


def test_the_tests_declare_what_they_import() -> None:
    assert used("schema", "tests") <= declared() | declared(extra="test")


@pytest.mark.parametrize("extra", [None, "test"])
def test_nothing_is_declared_that_is_not_used(extra: str | None) -> None:
    assert declared(extra=extra) - FOUND_BY_NAME.keys() <= used("graph_api", "schema", "tests")


def test_every_dependency_has_a_lower_bound() -> None:
    project = toml("pyproject.toml")["project"]
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *(it for extra in extras for it in extra)]
    assert [it for it in requirements if ">=" not in it] == []

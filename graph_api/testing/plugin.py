"""For pytest: ``pytest_plugins = ["graph_api.testing.plugin"]`` in a ``conftest.py``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graph_api.execution.schema import Schema
from graph_api.testing.matrix import assert_matrix


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--update-matrix``."""
    parser.getgroup("graph-api").addoption(
        "--update-matrix",
        action="store_true",
        help="write the files that check_matrix compares, instead of comparing them",
    )


@pytest.fixture
def check_matrix(request: pytest.FixtureRequest) -> Callable[[Schema, str], None]:
    """Return a function that compares a schema with its matrix, a file beside the test.

    With ``--update-matrix`` it writes the file; see :func:`graph_api.testing.assert_matrix`.
    """
    folder, update = Path(request.path).parent, bool(request.config.getoption("update_matrix"))

    def check(schema: Schema, file: str) -> None:
        __tracebackhide__ = True
        assert_matrix(schema, folder / file, update=update)

    return check

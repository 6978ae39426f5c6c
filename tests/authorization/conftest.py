from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.logs import capture_logs


@pytest.fixture(autouse=True, scope="module")
def logged() -> Iterator[list[dict[str, Any]]]:
    """What was logged; rules that fail write a traceback each."""
    with capture_logs() as entries:
        yield entries

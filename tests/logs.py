"""What the library logs: through the standard library, for it does not own its host's logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def capture_logs() -> Iterator[list[dict[str, Any]]]:
    """Collect the attributes of each record below ``graph_api``, and write none of them."""
    logger = logging.getLogger("graph_api")
    collector = _Collector()
    before = logger.propagate, logger.disabled
    logger.addHandler(collector)
    logger.propagate, logger.disabled = False, False
    try:
        yield collector.entries
    finally:
        logger.removeHandler(collector)
        logger.propagate, logger.disabled = before


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.entries: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.entries.append(vars(record))

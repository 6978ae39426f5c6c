"""One log line for each request, and the id that all lines of a request share."""

from __future__ import annotations

import logging
import random
import re
import time

from graph_api.http.head import Head
from graph_api.observability import begin_request, could_be_secret, log_request

REQUEST_ID = b"x-request-id"
CLIENT_GONE = 499
"""The status of a line about a request that nobody waits for any more, as nginx has it."""
_WELL_FORMED = re.compile(r"[\w.:-]{8,128}", re.ASCII)


class Entry:
    """The line about one request: method, path, status and duration, and nothing of the query.

    The handler adds operation, its type and the subject with :func:`graph_api.observability.note`.

    Attributes:
        field: the header that tells the client the request's id.
        status: the status of the answer, once there is one.
    """

    __slots__ = ("_method", "_path", "_start", "field", "status")

    def __init__(self, head: Head) -> None:
        request_id = _request_id(head)
        begin_request(request_id)
        self.field = (REQUEST_ID, request_id.encode())
        self.status = 0
        self._method = head.scope["method"]
        self._path = head.scope["path"]  # Litestar rewrites the scope's while it routes
        self._start = time.perf_counter()

    def write(self) -> None:
        """Write it: the answer is out, or has failed."""
        is_probe = self._path.startswith("/health/")
        log_request(
            logging.DEBUG if is_probe else logging.INFO,
            round((time.perf_counter() - self._start) * 1_000, 2),
            {"method": self._method, "path": self._path, "status": self.status or 500},
        )


def _request_id(head: Head) -> str:
    """Keep the id that a trusted proxy gave; those of strangers are gone by now."""
    given = head.text(REQUEST_ID)
    if given and _WELL_FORMED.fullmatch(given) and not could_be_secret(given):
        return given
    return f"{random.getrandbits(128):032x}"  # a name, not a secret; no system call

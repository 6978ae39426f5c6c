"""Requests over HTTP/1.1, as many as a server answers: the same for every server.

It is our own, since a refresh must send what the refresh before it got, and since nothing has to be
installed. It sends prepared bytes over connections that stay open and looks at an answer no more
than it must. It runs on another core than the server.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.pairs import Clock

Next = Callable[[bytes], bytes]
"""Returns the next request, given the whole answer before it, which is empty at first."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LARGEST_READ = 1 << 18


class BadAnswer(Exception):
    """The server did not answer 200."""


@dataclass(frozen=True)
class Load:
    """What a server has done under load.

    Attributes:
        requests: how many it has answered.
        seconds: in how long.
        latencies: how long each took, in seconds.
        last: the last answer on each connection.
    """

    requests: int
    seconds: float
    latencies: Sequence[float]
    last: Sequence[bytes]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def latency(self) -> float:
        """The median, in seconds."""
        return median(self.latencies)


class _Connection:
    """One request at a time."""

    def __init__(self, port: int, next_request: Next) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._next = next_request
        self.answer = b""
        self.sent_at = 0.0

    def send(self, clock: Clock) -> None:
        request = self._next(self.answer)
        self.answer = b""
        self.sent_at = clock()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Read what has come; return the answer once it is there."""
        self.answer += self.socket.recv(_LARGEST_READ) or _ended()
        return self.answer if is_whole(self.answer) else None


def _ended() -> bytes:
    raise BadAnswer("The server has closed the connection.")


def is_whole(answer: bytes) -> bool:
    """Return whether an answer has come to its end (RFC 9112, section 6.3).

    Raises:
        BadAnswer: its status is not 200.
    """
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    if not answer.startswith(b"HTTP/1.1 200"):
        raise BadAnswer(answer[:600].decode("latin-1"))
    if length := _LENGTH.search(answer, 0, end):
        return len(answer) >= end + 4 + int(length[1])
    return answer.endswith(b"\r\n0\r\n\r\n")  # chunked


def body_of(answer: bytes) -> bytes:
    """Return the body of a whole answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return body if _LENGTH.search(head) else _joined(body)


def _joined(chunked: bytes) -> bytes:
    body = b""
    while chunked:
        size, _, chunked = chunked.partition(b"\r\n")
        length = int(size, 16)
        body, chunked = body + chunked[:length], chunked[length + 2 :]
    return body


def press(
    port: int, makers: Sequence[Next], seconds: float, clock: Clock = time.perf_counter
) -> Load:
    """Send requests for some seconds, and wait for the last answers.

    Args:
        port: where the server listens, on loopback.
        makers: one for each connection: what it sends next.
        seconds: how long to go on sending.
        clock: tells seconds.

    Raises:
        BadAnswer: an answer is not 200.
    """
    connections = [_Connection(port, maker) for maker in makers]
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
        start = clock()
        for each in connections:
            each.send(clock)
        waiting = len(connections)
        while waiting:
            for key, _ in selector.select():
                connection: _Connection = key.data
                if connection.receive() is None:
                    continue
                now = clock()
                latencies.append(now - connection.sent_at)
                if now - start < seconds:
                    connection.send(clock)
                else:
                    waiting -= 1
        end = clock()
    for each in connections:
        each.socket.close()
    return Load(len(latencies), end - start, latencies, [each.answer for each in connections])

"""What goes over a connection: whole answers, nothing held back for long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from graph_api.http.wire import MOST_BYTES, WholeAnswers

pytestmark = pytest.mark.anyio

HEAD = b"GET / HTTP/1.1\r\nHost: api.example.com\r\n"


class Connection(asyncio.Transport):
    """The client's end: what was sent, and how it was cut into calls."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.is_closed = False

    def writelines(self, pieces: Iterable[Any]) -> None:
        self.sent.append(b"".join(pieces))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def _connect(app: Any) -> tuple[Connection, WholeAnswers]:
    config = Config(app, lifespan="off", log_config=None, server_header=False, date_header=False)
    protocol, connection = WholeAnswers(config, ServerState(), {}), Connection()
    protocol.connection_made(connection)
    return connection, protocol


async def _turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def _answer(*chunks: bytes, between: Any = None) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        length = str(sum(map(len, chunks))).encode()
        headers = [(b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, chunk in enumerate(chunks, start=1):
            more = number < len(chunks)
            await send({"type": "http.response.body", "body": chunk, "more_body": more})
            if between and more:
                await between()

    return app


async def test_head_and_body_are_sent_by_one_call() -> None:
    connection, protocol = _connect(_answer(b"hello"))
    protocol.data_received(HEAD + b"\r\n")
    await _turns()
    assert connection.sent == [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"]
    assert not connection.is_closed


async def test_nothing_is_held_back_while_the_application_waits() -> None:
    go_on = asyncio.Event()
    connection, protocol = _connect(_answer(b"one", b"two", between=go_on.wait))
    protocol.data_received(HEAD + b"\r\n")
    await _turns()
    assert b"".join(connection.sent).endswith(b"one")
    go_on.set()
    await _turns()
    assert connection.sent[-1] == b"two"


async def test_a_large_answer_is_not_gathered_in_memory() -> None:
    chunk = b"x" * (MOST_BYTES // 2 + 1)
    connection, protocol = _connect(_answer(*[chunk] * 6))
    protocol.data_received(HEAD + b"\r\n")
    await _turns()
    assert len(connection.sent) >= 3
    assert max(map(len, connection.sent)) < 2 * MOST_BYTES
    assert b"".join(connection.sent).endswith(b"\r\n\r\n" + chunk * 6)


async def test_the_last_answer_is_sent_before_the_connection_closes() -> None:
    connection, protocol = _connect(_answer(b"bye"))
    protocol.data_received(HEAD + b"Connection: close\r\n\r\n")
    await _turns()
    assert [sent[-3:] for sent in connection.sent] == [b"bye"]
    assert connection.is_closed


async def test_nothing_is_sent_to_a_client_that_has_gone() -> None:
    connection, protocol = _connect(_answer(b"hello"))
    protocol.data_received(HEAD + b"\r\n")
    asyncio.get_running_loop().call_soon(connection.close)  # after the answer is written
    await _turns()
    assert connection.sent == []


async def test_answers_to_pipelined_requests_come_in_order() -> None:
    bodies = iter([b"first", b"second"])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await _answer(next(bodies))(scope, receive, send)

    connection, protocol = _connect(app)
    protocol.data_received((HEAD + b"\r\n") * 2)
    await _turns(10)
    whole = b"".join(connection.sent)
    assert whole.index(b"first") < whole.index(b"second")
    assert whole.count(b"HTTP/1.1 200 OK") == 2

"""Answering and adding headers below Litestar, in a middleware."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Send


async def answer_plainly(
    send: Send, status: int, sentence: str = "", headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Answer with a status and one sentence; 204 without one (RFC 9110, section 8.6)."""
    body = sentence.encode()
    about_body = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    fields = [*headers, *(about_body if body else ())]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def with_headers(send: Send, add: Callable[[MutableScopeHeaders], None]) -> Send:
    """Return a ``send`` that lets a function change the headers of the answer."""

    async def changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = list(message.get("headers", []))
            add(MutableScopeHeaders.from_message(message))
        await send(message)

    return changed

"""Reading a GraphQL request: what comes over HTTP, before anything of GraphQL is understood.

GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/), section 5, 'Request'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar.types import Receive

from graph_api.errors import BadUserInput, GraphApiError, PersistedQueryNotSupported
from graph_api.http.head import Head

_MAX_NESTING = 100
"""Lists and objects within each other in the variables: what coercion's recursion bears."""


class Refused(Exception):
    """A request that is answered with a status of its own before the schema sees it.

    Attributes:
        status: the HTTP status.
        error: what the body says.
        headers: what the answer has besides, such as ``Allow``.
    """

    def __init__(
        self, status: int, error: GraphApiError, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error
        self.headers = dict(headers or {})


class Gone(Exception):
    """The client has closed the connection before the request was there."""


class GraphQLRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The parameters of a request (section 5.1); other members of a body are ignored.

    Attributes:
        query: the document.
        operation_name: which of its operations; None or empty where there is one.
        variables: their values, not yet coerced.
        extensions: what else a client sends; ``persistedQuery`` is the one that is looked at.
    """

    query: str = ""
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_body = msgspec.json.Decoder(GraphQLRequest)
_object = msgspec.json.Decoder(dict[str, Any] | None)


async def read(head: Head, receive: Receive, max_bytes: int) -> GraphQLRequest:
    """Read the parameters from the body of a POST or the query of a GET.

    Raises:
        Refused: 400, 413, 414 or 415, saying what is wrong.
        Gone: there is nobody to answer.
    """
    if head.scope["method"] == "GET":
        asked = _from_query(head.scope["query_string"], max_bytes)
    else:
        _require_json(head.values(b"content-type"))
        asked = _from_body(await _limited_body(head, receive, max_bytes))
    _require_document(asked)
    if asked.variables and _is_nested(asked.variables, deeper_than=_MAX_NESTING):
        raise _bad(f"The variables are nested deeper than {_MAX_NESTING} levels.")
    return asked


def _bad(message: str, status: int = 400, reason: str = "request_invalid") -> Refused:
    return Refused(status, BadUserInput(message, reason=reason))


def _require_json(content_types: list[str]) -> None:
    """Take nothing that an HTML form can send: those cross origins without a preflight."""
    if content_types == ["application/json"]:
        return
    media_type, _, parameters = (content_types or [""])[0].partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if (
        len(content_types) != 1
        or media_type.strip().lower() != "application/json"
        or charset not in {"", "charset=utf-8"}
    ):
        raise _bad("Send the request as `Content-Type: application/json`, in UTF-8.", status=415)


async def _limited_body(head: Head, receive: Receive, max_bytes: int) -> bytes:
    if _announced(head) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more = message.get("more_body", False)
        if size > max_bytes:
            raise _too_large(max_bytes)
    return b"".join(chunks)


def _announced(head: Head) -> int:
    """Return the ``Content-Length``, or 0: a server lets no other body follow than it announces."""
    text = head.text(b"content-length")
    return int(text) if text.isdecimal() and len(text) < 20 else 0


def _too_large(max_bytes: int) -> Refused:
    return _bad(f"The body is larger than {max_bytes:,} bytes.", 413, "body_too_large")


def _from_body(body: bytes) -> GraphQLRequest:
    try:
        return _body.decode(body)
    except msgspec.ValidationError as error:
        raise _bad(f"The body is not a GraphQL request: {error}.") from None
    except (ValueError, RecursionError):
        raise _bad("The body is not JSON in UTF-8, or it is nested too deeply.") from None


def _from_query(query_string: bytes, max_bytes: int) -> GraphQLRequest:
    if len(query_string) > max_bytes:
        raise _bad(f"The query is longer than {max_bytes:,} bytes.", 414, "query_too_long")
    try:
        given = dict(parse_qsl(query_string.decode(), errors="strict"))
        return GraphQLRequest(
            query=given.get("query", ""),
            operation_name=given.get("operationName"),
            variables=_object.decode(given.get("variables", "null")),
            extensions=_object.decode(given.get("extensions", "null")),
        )
    except (ValueError, RecursionError):
        raise _bad("`variables` and `extensions` are JSON objects, all in UTF-8.") from None


def _require_document(asked: GraphQLRequest) -> None:
    if asked.query:
        return
    if "persistedQuery" in (asked.extensions or {}):
        raise Refused(400, PersistedQueryNotSupported("Send the document, not only its hash."))
    raise _bad("The request has no `query`: the document to execute, as a string.")


def _is_nested(value: object, *, deeper_than: int) -> bool:
    level: list[object] = [value]
    for _ in range(deeper_than + 1):
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list)
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
        if not level:
            return False
    return True

"""What a GraphQL answer looks like over HTTP: body, status, challenge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
from graphql import GraphQLError
from litestar.types import Send
from strawberry.types import ExecutionResult

from graph_api.errors import (
    Forbidden,
    GraphApiError,
    RateLimited,
    SessionEnded,
    Unauthenticated,
    expose,
)
from graph_api.execution.encoding import require_json
from graph_api.execution.result import NotExecuted, located
from graph_api.http.bearer import INSUFFICIENT_SCOPE, INVALID_TOKEN, REALM
from graph_api.http.negotiation import GRAPHQL_RESPONSE, HTML, JSON

_ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"vary", b"Authorization, Cookie, Origin, Accept"),
)
_FIELDS = {
    media_type: [(b"content-type", f"{media_type}; charset=utf-8".encode()), *_ALWAYS]
    for media_type in (JSON, GRAPHQL_RESPONSE, HTML)
}


class Answer(NamedTuple):
    """An answer of ``/graphql``, not yet sent.

    Attributes:
        status: the HTTP status.
        media_type: what the body is, one of those in :mod:`graph_api.http.negotiation`.
        body: the body.
        more_headers: what it has beside the headers of every answer.
    """

    status: int
    media_type: str
    body: bytes
    more_headers: Mapping[str, str] = MappingProxyType({})

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """All headers, as ASGI has them."""
        more = [(name.lower().encode(), text.encode()) for name, text in self.more_headers.items()]
        length = (b"content-length", b"%d" % len(self.body))
        return [*_FIELDS[self.media_type], length, *more]

    async def send(self, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def answer(
    result: ExecutionResult, media_type: str, more_headers: Mapping[str, str] | None = None
) -> Answer:
    """Answer with a result, in the status that it has under a media type."""
    status, headers = _status(result, media_type)
    if more_headers:
        headers = {**headers, **more_headers}
    return _response(_members(result), status, media_type, headers)


def refusal(
    error: GraphApiError, status: int, media_type: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """Answer with one error that came before the schema was asked."""
    formatted = {"message": error.message, "extensions": error.extensions}
    return _response({"errors": [formatted]}, status, media_type, headers or {})


def failure(error: Exception, media_type: str) -> Answer:
    """Answer what nobody expected: masked, with an id that the log has too."""
    masked = expose(GraphQLError("Unexpected error.", original_error=error))
    return _response({"errors": [masked.formatted]}, 500, media_type, {})


def not_executed(error: GraphApiError, media_type: str) -> Answer:
    """Answer a document that is not GraphQL, too expensive, or selects no operation."""
    return answer(NotExecuted(None, [located(error)]), media_type)


def before_execution(error: GraphApiError, media_type: str) -> Answer:
    """Answer a caller whose context could not be built, such as one with a bad bearer."""
    match error:
        case Unauthenticated() | SessionEnded():
            return refusal(error, 401, media_type, {"WWW-Authenticate": INVALID_TOKEN})
        case RateLimited():
            return refusal(error, 429, media_type, {"Retry-After": str(error.retry_after)})
        case Forbidden():
            return refusal(error, 403, media_type)
        case _:
            return refusal(error, 400, media_type)


def _response(
    body: dict[str, Any], status: int, media_type: str, headers: Mapping[str, str]
) -> Answer:
    return Answer(status, media_type, _encoded(body), headers)


def _encoded(body: dict[str, Any]) -> bytes:
    try:
        return _encode(body)
    except UnicodeEncodeError:  # JSON can escape what UTF-8 can't hold: half of a surrogate pair
        return json.dumps(msgspec.to_builtins(body, enc_hook=_plain)).encode()


def _plain(value: Any) -> Any:
    """Return a value as what it is encoded as: texts and numbers may be of classes of their own.

    Raises:
        TypeError: as ``json`` does.
    """
    match value:
        case str():
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case float():
            return float.__float__(value)
        case msgspec.Raw():
            return msgspec.json.decode(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


def _members(result: ExecutionResult) -> dict[str, Any]:
    """Return the members of a response; one that was not executed has no ``data``."""
    members: dict[str, Any] = {} if isinstance(result, NotExecuted) else {"data": result.data}
    if result.errors:
        members["errors"] = [error.formatted for error in result.errors]
        require_json([error.extensions for error in result.errors])
    if result.extensions:
        members["extensions"] = result.extensions
        require_json(result.extensions)
    return members


def _status(result: ExecutionResult, media_type: str) -> tuple[int, Mapping[str, str]]:
    errors = result.errors or []
    match result:
        case NotExecuted(phase="authorization"):
            return _denied(errors)
        case NotExecuted():
            return (400 if media_type == GRAPHQL_RESPONSE else 200), {}
    if errors and (retry_after := _retry_after(result.data, errors)):
        return 429, {"Retry-After": str(retry_after)}
    return 200, {}


def _denied(errors: Sequence[GraphQLError]) -> tuple[int, dict[str, str]]:
    if any(_code(error) == Unauthenticated.code for error in errors):
        return 401, {"WWW-Authenticate": REALM}
    return 403, {"WWW-Authenticate": INSUFFICIENT_SCOPE}


def _retry_after(data: Mapping[str, Any] | None, errors: Sequence[GraphQLError]) -> int | None:
    """Return the longest wait, in seconds, if every root field was refused as too frequent."""
    limited = {
        error.path[0]: int((error.extensions or {}).get("retryAfter", 1))
        for error in errors
        if _code(error) == RateLimited.code and error.path and len(error.path) == 1
    }
    keys = [error.path[0] if error.path else None for error in errors] if data is None else data
    return max(limited.values()) if limited and limited.keys() >= set(keys) else None


def _code(error: GraphQLError) -> object:
    return (error.extensions or {}).get("code")

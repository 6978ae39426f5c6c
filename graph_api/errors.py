"""The error codes that clients act on, and the exceptions that carry them.

What goes over the wire stands at the error's own class: its ``code`` tells a client what to do
(refresh, go to sign-in, correct the input, wait), its ``reason`` says more, its message is a
sentence for a person that says how to mend it. An exception that is not a :class:`GraphApiError`
is never shown to a client.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, ClassVar, TypedDict
from uuid import uuid4

from graphql import FieldNode, GraphQLError

_log = logging.getLogger(__name__)


class FieldProblem(TypedDict):
    """One wrong input: where it stands (argument and input field names) and what is wrong."""

    path: list[str]
    message: str


class GraphApiError(Exception):
    """An error that a client may see.

    Attributes:
        code: the stable ``extensions.code``.
        reason: the stable ``extensions.reason``, or None.
        message: one sentence for a person, without secrets.
    """

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason

    @property
    def extensions(self) -> dict[str, Any]:
        """What stands under ``errors[].extensions`` (GraphQL specification, section 7.1.2)."""
        return {"code": self.code} | ({"reason": self.reason} if self.reason else {})


class Unauthenticated(GraphApiError):
    """The bearer is missing, expired or not genuine: refresh, then repeat once."""

    code = "UNAUTHENTICATED"


class SessionEnded(GraphApiError):
    """The session is over: go to sign-in."""

    code = "SESSION_ENDED"

    def __init__(
        self,
        message: str = "The session has ended. Sign in again.",
        *,
        reason: str = "session_ended",
    ) -> None:
        super().__init__(message, reason=reason)


class InvalidCredentials(GraphApiError):
    """The e-mail address or the password is wrong; which of them is not said."""

    code = "INVALID_CREDENTIALS"

    def __init__(self, message: str = "The e-mail address or the password is wrong.") -> None:
        super().__init__(message)


class Forbidden(GraphApiError):
    """The caller is known and may not do this."""

    code = "FORBIDDEN"


class BadUserInput(GraphApiError):
    """An input is wrong; ``fields`` says which and why."""

    code = "BAD_USER_INPUT"

    def __init__(
        self, message: str, *, fields: Sequence[FieldProblem] = (), reason: str | None = None
    ) -> None:
        super().__init__(message, reason=reason)
        self.fields = list(fields)

    @classmethod
    def at(cls, path: str, message: str) -> BadUserInput:
        """One wrong input; ``path`` is dotted, such as ``input.email``."""
        return cls(message, fields=[{"path": path.split("."), "message": message}])

    @property
    def extensions(self) -> dict[str, Any]:
        """The code, with the wrong inputs."""
        return super().extensions | {"fields": self.fields}


class NotFound(GraphApiError):
    """What the operation acts on does not exist, or the caller may not know that it does."""

    code = "NOT_FOUND"


class Conflict(GraphApiError):
    """The operation contradicts what is stored, such as an address that is taken."""

    code = "CONFLICT"


class RateLimited(GraphApiError):
    """Too many attempts, or no capacity left: wait ``retry_after`` whole seconds."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after: int, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after

    @property
    def extensions(self) -> dict[str, Any]:
        """The code, with ``retryAfter`` in whole seconds."""
        return super().extensions | {"retryAfter": self.retry_after}


class ParseFailed(GraphApiError):
    """The document is not GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailed(GraphApiError):
    """The document does not fit the schema, or a variable can't be coerced."""

    code = "GRAPHQL_VALIDATION_FAILED"


class OperationTooExpensive(GraphApiError):
    """The document exceeds a limit on tokens, depth, aliases, root fields or fields in all."""

    code = "OPERATION_TOO_EXPENSIVE"


class PersistedQueryNotFound(GraphApiError):
    """The hash is unknown: send the document with it."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class PersistedQueryNotSupported(GraphApiError):
    """This server takes documents, not hashes."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"


class ConfigurationError(Exception):
    """The server can't start as it is set up; the sentence says what to change."""


def expose(error: GraphQLError, code: str = BadUserInput.code) -> GraphQLError:
    """Return the error as a client may see it: with a code, and without what it must not know.

    Shown are our own errors, errors of graphql-core about the request, and a ``GraphQLError`` that
    a resolver gave an ``extensions.code``. All else is masked as ``INTERNAL_SERVER_ERROR`` with an
    ``errorId`` that the log has too.

    Args:
        error: as graphql-core made it.
        code: what graphql-core's own errors about the request get.
    """
    cause = _cause(error)
    if isinstance(cause, GraphApiError):
        return _with(error, cause.message, cause.extensions | (error.extensions or {}))
    if isinstance(cause, GraphQLError) and _has_code(cause):
        return error
    if _is_about_request(error, cause):
        return _with(error, error.message, {"code": code})
    error_id = uuid4().hex
    about = {"error_id": error_id, "path": error.path}
    _log.error("A resolver failed: error %s", error_id, extra=about, exc_info=cause)
    extensions = {"code": GraphApiError.code, "errorId": error_id}
    return _with(error, "Something went wrong on the server.", extensions)


def _cause(error: GraphQLError) -> Exception:
    """Return the exception that graphql-core wrapped, however often, to add path and nodes.

    A ``GraphQLError`` that was given extensions of its own, not just its cause's, stands for it.
    """
    cause: Exception = error
    while isinstance(cause, GraphQLError) and (inner := cause.original_error) is not None:
        if _has_code(cause) and cause.extensions != getattr(inner, "extensions", None):
            break
        cause = inner
    return cause


def _has_code(error: GraphQLError) -> bool:
    return "code" in (error.extensions or {})


def _is_about_request(error: GraphQLError, cause: Exception) -> bool:
    """Whether graphql-core found a fault in the document or the variables.

    Without a path it is about those, be it a scalar that raised. With one, it points at what was
    given; what points at a whole field is a fault of the server (a type that can't be told, a value
    of the wrong type), and its text would show internal values.
    """
    nodes = error.nodes or []
    is_theirs = isinstance(cause, GraphQLError)
    if error.path is None:
        return is_theirs or bool(nodes)
    return is_theirs and bool(nodes) and not isinstance(nodes[0], FieldNode)


def _with(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message,
        error.nodes,
        error.source,
        error.positions,
        error.path,
        extensions=extensions,
    )

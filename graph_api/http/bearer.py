"""The bearer token of a request (RFC 6750), and the one case in which it is not looked at."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
)

from graph_api.errors import BadUserInput, Unauthenticated
from graph_api.execution.documents import Document
from graph_api.http.head import Head
from graph_api.http.request import Refused

REALM = 'Bearer realm="graph-api"'
"""The challenge to one who has not tried to sign in: it has no error (RFC 6750, section 3.1)."""

INVALID_TOKEN = f'{REALM}, error="invalid_token"'
INSUFFICIENT_SCOPE = f'{REALM}, error="insufficient_scope"'


def authorization(head: Head) -> str:
    """Return the ``Authorization`` header; empty without one, or where it is empty.

    An empty header is none: Apollo Client's documents send one for those who are not signed in.

    Raises:
        Refused: 400 for two headers: one of them would be believed by somebody before us.
    """
    given = head.values(b"authorization")
    if len(given) > 1:
        error = BadUserInput("Send one Authorization header.", reason="request_invalid")
        raise Refused(400, error)
    return given[0].strip() if given else ""


def sent_bearer(header: str) -> str | None:
    """Return the token of an ``Authorization`` header, whatever it is worth; None without one."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def bearer_token(header: str) -> str | None:
    """Return the token of an ``Authorization`` header that is looked at, not yet verified.

    The token is taken from nowhere else (RFC 6750, sections 2.2 and 2.3, are optional).

    Raises:
        Refused: 401 for another scheme than ``Bearer``: who sends credentials must not be taken
            for an anonymous caller without a word. As RFC 6750, section 3.1, has it, the challenge
            then has no ``error``.
    """
    token = sent_bearer(header)
    if header and token is None:
        error = Unauthenticated(
            "Send `Authorization: Bearer TOKEN`: no other scheme is known.",
            reason="scheme_not_supported",
        )
        raise Refused(401, error, {"WWW-Authenticate": REALM})
    return token


def ignores_bearer(
    document: Document, operation: OperationDefinitionNode, marked: frozenset[str]
) -> bool:
    """Whether each root field of a mutation has the mark that the bearer is not looked at.

    Fields are told by their names in the schema, never by alias; those under ``@skip`` and
    ``@include`` count, ``__typename`` doesn't. The time is linear in the document.

    Args:
        document: what was sent.
        operation: the operation that it selects.
        marked: names of the mutation fields with ``Public(ignores_bearer=True)``.
    """
    if operation.operation is not OperationType.MUTATION:
        return False
    names = set(_root_fields(document, operation)) - {"__typename"}
    return bool(names) and names <= marked


def _root_fields(document: Document, operation: OperationDefinitionNode) -> Iterator[str]:
    fragments = {
        definition.name.value: definition.selection_set
        for definition in document.node.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    open_sets = [operation.selection_set]
    while open_sets:
        for node in open_sets.pop().selections:
            match node:
                case FieldNode():
                    yield node.name.value
                case InlineFragmentNode():
                    open_sets.append(node.selection_set)
                case FragmentSpreadNode():
                    # Popped, so that it is walked once however often it is spread.
                    if fragment := fragments.pop(node.name.value, None):
                        open_sets.append(fragment)

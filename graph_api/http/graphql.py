"""``/graphql``: GraphQL over HTTP, in the order body, document, bearer, schema.

See https://graphql.github.io/graphql-over-http/draft/. Which statuses an operation has is said in
:mod:`graph_api.http.response`, what a request may look like in :mod:`graph_api.http.request`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from graphql import OperationDefinitionNode, OperationType
from litestar import asgi
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType as StrawberryOperationType

from graph_api.context import SessionCookie
from graph_api.errors import BadUserInput, GraphApiError, ValidationFailed
from graph_api.execution.documents import Document, Documents, operation
from graph_api.http import response
from graph_api.http.bearer import authorization, bearer_token, ignores_bearer
from graph_api.http.cookies import read_cookie, set_cookie
from graph_api.http.csrf import check_origin, trusted_origins
from graph_api.http.graphiql import Page
from graph_api.http.head import Head
from graph_api.http.negotiation import GRAPHQL_RESPONSE, HTML, JSON, prefers_html, response_type
from graph_api.http.plain import answer_plainly
from graph_api.http.request import Gone, GraphQLRequest, Refused, read
from graph_api.http.response import Answer
from graph_api.observability import Confidential, note
from graph_api.settings import Settings

PATH = "/graphql"

_ALLOWED = {
    "GET": (StrawberryOperationType.QUERY,),
    "POST": (StrawberryOperationType.QUERY, StrawberryOperationType.MUTATION),
}


_METHODS = "GET, OPTIONS, POST"


class Caller(Protocol):
    """Who asks, as far as a log line says."""

    @property
    def subject(self) -> str | None:
        """The user's id; None for an anonymous caller."""


class ContextValue(Protocol):
    """The context of one operation; the schema's resolvers know what else it has."""

    @property
    def principal(self) -> Caller:
        """The caller."""


MakeContext = Callable[[str | None, SessionCookie, Head], Awaitable[ContextValue]]
"""Builds the context from the bearer token, not yet verified, the session cookie and the head.

None stands for an anonymous caller: no token was sent, or it is not looked at (``sent_bearer`` has
it then). What is done to the cookie is done to the browser's. Raises a ``GraphApiError`` where it
can't, such as ``Unauthenticated`` for a bad token.
"""


class ServedSchema(Protocol):
    """What is asked of the schema; :class:`graph_api.Schema` has it."""

    @property
    def documents(self) -> Documents:
        """The documents that it parses by."""

    @property
    def ignores_bearer(self) -> frozenset[str]:
        """Names of the mutation fields for which the bearer is not looked at."""

    async def respond(
        self,
        document: Document,
        *,
        variables: dict[str, Any] | None,
        context: Any,
        operation_name: str | None,
        allowed_operation_types: Iterable[StrawberryOperationType],
        json_only: bool,
    ) -> ExecutionResult:
        """Validate, decide and execute for one who only encodes it; see ``NotExecuted``."""


def graphql_route(
    schema: ServedSchema,
    make_context: MakeContext,
    settings: Settings,
    page: Callable[[], Page] | None = None,
) -> ASGIRouteHandler:
    """Return the handler of ``/graphql``.

    Args:
        schema: what is asked.
        make_context: builds the context of an operation.
        settings: the origins of browser clients and the largest body.
        page: builds the GraphiQL page, for browsers; None where there is none.
    """
    trusted, max_bytes = trusted_origins(settings), settings.max_body_bytes
    endpoint = _Endpoint(schema, make_context, trusted, max_bytes, page)

    # Litestar's own handlers, request and response would cost more than what they are used for.
    @asgi(PATH, copy_scope=False)
    async def graphql(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            raise ClientException("GraphQL is not served over WebSocket.")
        head = Head(scope)
        if head.scope["method"] == "OPTIONS":
            await answer_plainly(send, 204, headers=[(b"allow", _METHODS.encode())])
            return
        try:
            answer = await endpoint.answer(head, receive)
        except Gone:
            return
        except Exception as error:  # noqa: BLE001 - masked here, logged by `failure`
            answer = response.failure(error, JSON)
        await answer.send(send)

    return graphql


@dataclass(frozen=True)
class _Endpoint:
    schema: ServedSchema
    make_context: MakeContext
    trusted_origins: frozenset[str]
    max_body_bytes: int
    page: Callable[[], Page] | None

    async def answer(self, head: Head, receive: Receive) -> Answer:
        """Answer a request, whatever happens.

        Raises:
            Gone: there is nobody to answer.
        """
        accept, method = head.text(b"accept"), head.scope["method"]
        if method not in _ALLOWED:
            error = BadUserInput("Send a POST.", reason="method_not_allowed")
            return response.refusal(error, 405, JSON, {"Allow": _METHODS})
        if self.page and method == "GET" and prefers_html(accept):
            html, csp = self.page()
            return Answer(200, HTML, html.encode(), {"Content-Security-Policy": csp})
        media_type = response_type(accept)
        if media_type is None:
            acceptable = BadUserInput(f"Accept {GRAPHQL_RESPONSE} or {JSON}.")
            return response.refusal(acceptable, 406, JSON)
        try:
            asked = await read(head, receive, self.max_body_bytes)
            with Confidential(asked.query, asked.variables):
                return await self._masked(asked, head, media_type)
        except Refused as refused:
            return response.refusal(refused.error, refused.status, media_type, refused.headers)

    async def _masked(self, asked: GraphQLRequest, head: Head, media_type: str) -> Answer:
        """Run, and answer what nobody expected with an id that the log has too."""
        try:
            return await self._run(asked, head, media_type)
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - masked here, logged by `failure`
            return response.failure(error, media_type)

    async def _run(self, asked: GraphQLRequest, head: Head, media_type: str) -> Answer:
        header = authorization(head)
        selected = self._select(asked)
        try:
            ignored = isinstance(selected, _Selected) and self._admit(selected, head)
            token = None if ignored else bearer_token(header)
            cookie = self._cookie(selected, head)
            context = await self.make_context(token, cookie, head)
        except GraphApiError as error:
            return response.before_execution(error, media_type)
        note(subject=context.principal.subject)
        if not isinstance(selected, _Selected):
            return response.not_executed(selected, media_type)
        result = await self.schema.respond(
            selected.document,
            variables=asked.variables,
            context=context,
            operation_name=selected.name,
            allowed_operation_types=_ALLOWED[head.scope["method"]],
            json_only=True,
        )
        return response.answer(result, media_type, set_cookie(cookie))

    def _cookie(self, selected: _Selected | GraphApiError, head: Head) -> SessionCookie:
        """Return the session cookie of a mutation; nothing else may know of it."""
        if isinstance(selected, _Selected) and selected.is_mutation:
            return read_cookie(head)
        return SessionCookie()

    def _select(self, asked: GraphQLRequest) -> _Selected | GraphApiError:
        """Return the operation that will run, or why none will, which the bearer comes before.

        Left to itself, Strawberry runs the first of several operations where none is named.
        """
        try:
            document = self.schema.documents.parse(asked.query)
            return _Selected(document, operation(document, asked.operation_name))
        except GraphApiError as error:
            return error

    def _admit(self, selected: _Selected, head: Head) -> bool:
        """Refuse an operation that may not come this way; say whether it ignores the bearer."""
        kind = selected.operation.operation
        note(operation=selected.name and selected.name[:100], type=kind.value)
        if kind is OperationType.QUERY:
            return False
        if head.scope["method"] == "GET":
            error = BadUserInput(f"Send a {kind.value} by POST.", reason="method_not_allowed")
            raise Refused(405, error, {"Allow": "POST"})
        if kind is OperationType.SUBSCRIPTION:
            raise Refused(400, ValidationFailed("Subscriptions are not served over HTTP."))
        check_origin(head, self.trusted_origins)
        return ignores_bearer(selected.document, selected.operation, self.schema.ignores_bearer)


class _Selected(NamedTuple):
    document: Document
    operation: OperationDefinitionNode

    @property
    def is_mutation(self) -> bool:
        return self.operation.operation is OperationType.MUTATION

    @property
    def name(self) -> str | None:
        return self.operation.name.value if self.operation.name else None

"""``/graphql``: GraphQL over HTTP, in the order body, document, bearer, schema.

See https://graphql.github.io/graphql-over-http/draft/. Which statuses an operation has is said in
:mod:`graph_api.http.response`, what a request may look like in :mod:`graph_api.http.request`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import OperationDefinitionNode, OperationType
from litestar import HttpMethod, MediaType, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.status_codes import HTTP_200_OK
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
from graph_api.http.negotiation import GRAPHQL_RESPONSE, JSON, prefers_html, response_type
from graph_api.http.request import AnyRequest, GraphQLRequest, Refused, read
from graph_api.observability import confidential, note
from graph_api.settings import Settings

PATH = "/graphql"

_ALLOWED = {
    "GET": (StrawberryOperationType.QUERY,),
    "POST": (StrawberryOperationType.QUERY, StrawberryOperationType.MUTATION),
}


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


MakeContext = Callable[[str | None, SessionCookie, AnyRequest], Awaitable[ContextValue]]
"""Builds the context from the bearer token, not yet verified, the session cookie and the request.

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
    ) -> ExecutionResult:
        """Validate, decide and execute for one who only encodes it; see ``NotExecuted``."""


def graphql_route(
    schema: ServedSchema,
    make_context: MakeContext,
    settings: Settings,
    page: Callable[[], Page] | None = None,
) -> HTTPRouteHandler:
    """Return the handler of ``/graphql``.

    Args:
        schema: what is asked.
        make_context: builds the context of an operation.
        settings: the origins of browser clients and the largest body.
        page: builds the GraphiQL page, for browsers; None where there is none.
    """
    endpoint = _Endpoint(schema, make_context, trusted_origins(settings), settings.max_body_bytes)

    @route(PATH, http_method=[HttpMethod.GET, HttpMethod.POST], include_in_schema=False)
    async def graphql(request: AnyRequest) -> Response[Any]:
        if page and request.method == "GET" and prefers_html(_accept(request)):
            html, csp = page()
            return Response(
                html,
                status_code=HTTP_200_OK,
                media_type=MediaType.HTML,
                headers=response.ALWAYS | {"Content-Security-Policy": csp},
            )
        return await endpoint.answer(request)

    return graphql


@dataclass(frozen=True)
class _Endpoint:
    schema: ServedSchema
    make_context: MakeContext
    trusted_origins: frozenset[str]
    max_body_bytes: int

    async def answer(self, request: AnyRequest) -> Response[bytes]:
        """Answer a request, whatever happens, with a GraphQL response."""
        media_type = response_type(_accept(request))
        if media_type is None:
            acceptable = BadUserInput(f"Accept {GRAPHQL_RESPONSE} or {JSON}.")
            return response.refusal(acceptable, 406, JSON)
        try:
            asked = await read(request, self.max_body_bytes)
            with confidential(asked.query, asked.variables):
                return await self._masked(asked, request, media_type)
        except Refused as refused:
            return response.refusal(refused.error, refused.status, media_type, refused.headers)

    async def _masked(
        self, asked: GraphQLRequest, request: AnyRequest, media_type: str
    ) -> Response[bytes]:
        """Run, and answer what nobody expected with an id that the log has too."""
        try:
            return await self._run(asked, request, media_type)
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - masked here, logged by `failure`
            return response.failure(error, media_type)

    async def _run(
        self, asked: GraphQLRequest, request: AnyRequest, media_type: str
    ) -> Response[bytes]:
        header = authorization(request.headers)
        selected = self._select(asked)
        try:
            ignored = isinstance(selected, _Selected) and self._admit(selected, request)
            token = None if ignored else bearer_token(header)
            cookie = self._cookie(selected, request)
            context = await self.make_context(token, cookie, request)
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
            allowed_operation_types=_ALLOWED[request.method],
        )
        return response.answer(result, media_type, set_cookie(cookie))

    def _cookie(self, selected: _Selected | GraphApiError, request: AnyRequest) -> SessionCookie:
        """Return the session cookie of a mutation; nothing else may know of it."""
        if isinstance(selected, _Selected) and selected.is_mutation:
            return read_cookie(request.headers)
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

    def _admit(self, selected: _Selected, request: AnyRequest) -> bool:
        """Refuse an operation that may not come this way; say whether it ignores the bearer."""
        kind = selected.operation.operation
        note(operation=selected.name and selected.name[:100], type=kind.value)
        if request.method == "GET" and kind is not OperationType.QUERY:
            error = BadUserInput(f"Send a {kind.value} by POST.", reason="method_not_allowed")
            raise Refused(405, error, {"Allow": "POST"})
        if kind is OperationType.SUBSCRIPTION:
            raise Refused(400, ValidationFailed("Subscriptions are not served over HTTP."))
        if selected.is_mutation:
            check_origin(request, self.trusted_origins)
        return ignores_bearer(selected.document, selected.operation, self.schema.ignores_bearer)


@dataclass(frozen=True)
class _Selected:
    document: Document
    operation: OperationDefinitionNode

    @property
    def is_mutation(self) -> bool:
        return self.operation.operation is OperationType.MUTATION

    @property
    def name(self) -> str | None:
        return self.operation.name.value if self.operation.name else None


def _accept(request: AnyRequest) -> str:
    return ",".join(request.headers.getall("accept", []))

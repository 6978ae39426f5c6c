"""The schema class: a ``strawberry.Schema`` whose rules are collected, checked, printed and held.

It stands on a few private names of Strawberry, which ``tests/execution/test_strawberry.py`` pins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, Literal

import strawberry
from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    specified_rules,
)
from graphql import (
    ExecutionResult as CoreResult,
)
from graphql import (
    OperationType as CoreOperationType,
)
from graphql.execution import Executor, MiddlewareManager
from graphql.execution.values import VariableValues
from graphql.utilities import introspection_from_schema
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import PreExecutionError
from strawberry.types.field import StrawberryField
from strawberry.types.graphql import OperationType
from typing_extensions import override

from graph_api.authorization.bulk import in_bulk
from graph_api.authorization.decision import Operation
from graph_api.authorization.decisions import Decisions, decide_once, key_of
from graph_api.authorization.guards import OpenedResolvers, Running, install, opened
from graph_api.authorization.introspection import Introspection, Level
from graph_api.authorization.names import DeniedNames, Names, concealing
from graph_api.authorization.principal import ANONYMOUS, Principal
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.shape import whole
from graph_api.errors import ConfigurationError, GraphApiError
from graph_api.execution.documents import Document, Documents
from graph_api.execution.encoding import encodes, for_encoding
from graph_api.execution.engine import WATCHED, Engine
from graph_api.execution.extend import added_fields
from graph_api.execution.judged import Judged, Rejection, set_running
from graph_api.execution.limits import Limits
from graph_api.execution.operations import NO_VARIABLES, coerced, operation_of
from graph_api.execution.plan import Plan
from graph_api.execution.result import conclude, conclude_each, located
from graph_api.execution.ruled import ruled
from graph_api.execution.run import Run
from graph_api.execution.straight import Stopped, straight
from graph_api.execution.subscriptions import subscribing
from graph_api.execution.validation import validate

EVERY = frozenset(OperationType)
_KINDS = {each: OperationType(each.value) for each in CoreOperationType}


def principal_of(context: Any) -> Principal:
    """Return the ``principal`` of a context object; anonymous without one."""
    principal = getattr(context, "principal", ANONYMOUS)
    return principal if isinstance(principal, Principal) else ANONYMOUS


class Schema(strawberry.Schema):
    """A Strawberry schema with one rule for each field.

    Attributes:
        rules: the rules by schema coordinate.
        documents: the parsed documents.
        permissions: the declared permissions, by ``noun:verb``, with descriptions.
        roles: the declared roles, each with the permissions and roles that it holds.
    """

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        *,
        extend: Sequence[type] = (),
        permissions: Mapping[str, str] | None = None,
        roles: Mapping[str, Sequence[str]] | None = None,
        principal: Callable[[Any], Principal] = principal_of,
        denied_fields: Literal["filter", "reject"] = "filter",
        denied_names: DeniedNames = "forbid",
        introspection: Level = "shaped",
        uncovered: Literal["refuse", "allow"] = "refuse",
        limits: Limits | None = None,
        compiled: bool = True,
        **strawberry_options: Any,
    ) -> None:
        """Build the schema and check its rules.

        Args:
            query: the root types, as for ``strawberry.Schema``.
            mutation: see ``query``.
            subscription: see ``query``.
            extend: fields added to shipped types, see :func:`graph_api.extend`.
            permissions: declared permissions (``noun:verb``) with their descriptions, beside those
                that the root types bring.
            roles: declared roles with the names of the permissions that they hold.
            principal: gets the caller from the context object.
            denied_fields: ``filter`` nulls denied fields, ``reject`` runs nothing.
            denied_names: ``forbid`` answers a denied name with ``FORBIDDEN``, ``conceal`` as if it
                did not exist.
            introspection: ``shaped`` shows each caller what they could use, ``full`` everything.
            uncovered: ``allow`` lets fields without a rule through, and ruled ones be non-null, for
                applications on their way.
            limits: what a document may ask for.
            compiled: whether operations run by plans where they can; graphql-core runs the others,
                and all of them without.
            strawberry_options: whatever else ``strawberry.Schema`` takes.

        Raises:
            ConfigurationError: a field has no rule, or a rule can't hold where it stands.
        """
        self._added = added_fields(extend)
        self._principal = principal
        self.denied_fields = denied_fields
        self.introspection = introspection
        self.explains = False
        # An executor of the application's own is there to be used.
        self.compiled = compiled and "execution_context_class" not in strawberry_options
        self.documents = Documents(limits or Limits())
        roots = [root for root in (query, mutation, subscription) if root is not None]
        self.permissions = _declared(roots, "__permissions__") | dict(permissions or {})
        self.roles = _declared(roots, "__roles__") | dict(roles or {})
        super().__init__(query, mutation, subscription, **strawberry_options)
        if self.config.enable_experimental_incremental_execution:
            raise ConfigurationError("Rules are not held in what @defer and @stream deliver later.")
        bulk = in_bulk(self.execution_context_class)
        self._executor = for_encoding(subscribing(bulk, self, operation_of))
        self._check_extensions()
        self.rules = RuleBook.of(self._schema)
        if uncovered == "refuse":
            self.rules.require_coverage()
            self.rules.require_nullable()
        self.rules.require_declared(self.permissions, self.roles)
        install(self.rules)
        self.engine = Engine(self.rules)
        self._opened = lru_cache(maxsize=256)(partial(opened, self.rules))
        Introspection(self.rules, lambda: self.introspection).install()
        self._name(denied_names)

    def configure(
        self,
        *,
        limits: Limits,
        denied_fields: Literal["filter", "reject"],
        denied_names: DeniedNames = "forbid",
        introspection: Level,
        explains: bool = False,
    ) -> None:
        """Take over a server's settings, before the first operation.

        Args:
            limits: what a document may ask for.
            denied_fields: see the constructor.
            denied_names: see the constructor.
            introspection: see the constructor.
            explains: whether every denial says what the caller holds and lacks, as in ``dev``.

        Raises:
            ConfigurationError: names are to be concealed that introspection shows to everybody.
        """
        self.explains = explains
        self.denied_fields = denied_fields
        self.introspection = introspection
        self.documents = Documents(limits)
        self._name(denied_names)

    def _name(self, denied_names: DeniedNames) -> None:
        """Say whose names callers may know."""
        self.names = Names(self.rules, denied_names)
        if self.names.hides and self.introspection == "full":
            raise ConfigurationError(
                "denied_names=conceal, or Conceal(…), hides names that introspection=full shows to "
                "everybody: set introspection to shaped or off."
            )
        self.execution_context_class = concealing(self._executor, self.names)

    def caller(self, context: Any) -> Principal:
        """Return who asks, as a context object tells."""
        return self._principal(context)

    @property
    def has_own_callers(self) -> bool:
        """Whether another host's context says who asks, by roles that our accounts don't know."""
        return self._principal is not principal_of

    @property
    def ignores_bearer(self) -> frozenset[str]:
        """Names of the root mutation fields that are served without a look at the bearer."""
        return self.rules.ignores_bearer

    @override
    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        added = self._added.get(type_definition.origin, ())
        return [ruled(each) for each in (*type_definition.fields, *added)]

    def _check_extensions(self) -> None:
        """A second field of a name would take the place of the first, and of its rule."""
        name_of = self.config.name_converter.get_graphql_name
        definitions = [each.definition for each in self.schema_converter.type_map.values()]
        there: dict[Any, Any] = {getattr(each, "origin", None): each for each in definitions}
        for target, added in self._added.items():
            if target not in there:
                raise ConfigurationError(f"extend: {target.__name__} is no type of this schema.")
            names = [name_of(each) for each in (*there[target].fields, *added)]
            if twice := [name for name in names if names.count(name) > 1]:
                raise ConfigurationError(f"extend: {target.__name__} has {twice[0]} already.")

    @override
    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:
        return [_Prepared(self), *super().get_extensions(sync)]

    @override
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here: Strawberry's logger writes the document, with inline passwords."""

    @override
    async def execute(self, *args: Any, **options: Any) -> ExecutionResult:
        return conclude(await super().execute(*args, **options))

    @override
    def execute_sync(self, *args: Any, **options: Any) -> ExecutionResult:
        return conclude(super().execute_sync(*args, **options))

    @override
    async def stream(self, *args: Any, **options: Any) -> StreamResult:
        return conclude_each(await super().stream(*args, **options))

    @override
    def introspect(self) -> dict[str, Any]:
        """Return the introspection of the whole schema, for tools."""
        return dict(introspection_from_schema(whole(self.rules)))

    @override
    def as_str(self) -> str:
        with set_running(Running(ANONYMOUS, prints=True)):
            return super().as_str()

    __str__ = as_str

    @override
    def _get_execute_function(self) -> Callable[..., Any]:
        return partial(self._execute_decided, self._execute)

    @cached_property
    def _execute(self) -> Callable[..., Any]:
        """graphql-core's, or what Strawberry has in its place."""
        return super()._get_execute_function()

    @override
    def _get_custom_context_kwargs(
        self, operation_extensions: dict[str, Any] | None = None, *, sync: bool = False
    ) -> dict[str, Any]:
        options = super()._get_custom_context_kwargs(operation_extensions, sync=sync)
        return options | {"can_wait": not sync}

    def validate(
        self,
        document: Document,
        principal: Principal = ANONYMOUS,
        more: Sequence[type[ASTValidationRule]] = (),
    ) -> list[GraphQLError]:
        """Validate a document, by the specification once for as long as it is kept.

        Args:
            document: what the client sent.
            principal: who sent it: what they may not know the names of is not there.
            more: rules of Strawberry extensions, which may hang on the request.
        """
        schema = self.names.schema(principal)
        errors = document.validated.get(schema)
        if errors is None:
            errors = document.validated[schema] = self._validate(
                schema, document, introspects=self.introspection != "off"
            )
        return list(errors) or (self._validate(schema, document, rules=tuple(more)) if more else [])

    def _validate(
        self, schema: GraphQLSchema, document: Document, **options: Any
    ) -> list[GraphQLError]:
        hide = self._hides_suggestions
        return validate(schema, document.node, hide_suggestions=hide, **options)

    @cached_property
    def is_watched(self) -> bool:
        """Whether an extension stands around each resolver, as for a schema's own directives."""
        return bool(self._get_middleware_manager(self.get_extensions()).middlewares)

    @property
    def _hides_suggestions(self) -> bool:
        """Whether no 'did you mean' is said: it could name what the caller may not see."""
        return self.introspection != "full"

    def _execute_decided(
        self,
        execute: Callable[..., Any],
        schema: GraphQLSchema,
        document: DocumentNode,
        *,
        context_value: Any = None,
        variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        middleware: MiddlewareManager,
        can_wait: bool = True,
        **options: Any,
    ) -> Any:
        """Decide the operation; execute what the decision leaves of it."""
        kept = self.documents.of(document)
        operation = kept.operation(operation_name, variable_values)
        asked = {"context_value": context_value, "operation_name": operation_name, **options}
        return self._perform(
            kept, operation, execute, asked, middleware=middleware, can_wait=can_wait
        )

    def _perform(
        self,
        document: Document,
        operation: Operation,
        execute: Callable[..., Any],
        asked: Mapping[str, Any],
        *,
        middleware: MiddlewareManager | None = None,
        can_wait: bool = True,
        packs: bool = False,
        json_only: bool = False,
    ) -> Any:
        """Decide an operation, and run what the decision leaves, by a plan if there can be one."""
        context = asked["context_value"]
        variables = self.coerce(operation, context)
        if isinstance(variables, list):
            return CoreResult(None, variables)
        judged = self.judge(operation, context, document.decisions, can_wait=can_wait)
        if judged.is_rejected:
            return CoreResult(None, Rejection(judged.errors))
        judged.encodes = json_only or encodes.get()
        plan = self._plan(document, operation, judged)
        if plan is None:
            by_core = partial(self._by_graphql_core, document, operation, judged, execute)
            return judged.hold(partial(by_core, middleware or MiddlewareManager(), **asked))
        root = asked.get("root_value")

        def run() -> Any:
            begun = straight(plan.root, root) if plan.is_straight else None
            if begun is not None and not isinstance(begun, Stopped):
                return CoreResult(begun)
            build = partial(self._executor_of, document, operation, asked)
            known = self._whole(operation, variables) if self.names.hides else variables
            run = Run(plan, build, known, context, root, self.rules, judged, packs)
            return run.response(begun)

        return judged.hold(run)

    def _by_graphql_core(
        self,
        document: Document,
        operation: Operation,
        judged: Judged,
        execute: Callable[..., Any],
        middleware: MiddlewareManager,
        **asked: Any,
    ) -> Any:
        judged.opened = self._opened(self.rules.relevant(judged.principal.grants))
        return execute(
            self._schema,
            document.node,
            variable_values=dict(operation.variables),
            hide_suggestions=self._hides_suggestions,
            middleware=OpenedResolvers(judged, middleware),
            **asked,
        )

    def _executor_of(
        self, document: Document, operation: Operation, asked: Mapping[str, Any]
    ) -> Executor[Any]:
        """Return graphql-core's executor of an operation, for what a plan leaves to it."""
        options = {**asked, "hide_suggestions": self._hides_suggestions}
        executor: type[Executor[Any]] = options.pop("executor_class", Executor)
        variables = dict(operation.variables)
        built = executor.build(
            self._schema, document.node, raw_variable_values=variables, **options
        )
        if isinstance(built, list):  # they fitted when the operation began
            raise TypeError(built)
        return built

    def _plan(self, document: Document, operation: Operation, judged: Judged) -> Plan | None:
        """Return how an operation runs without graphql-core; None if it can't, or is not to."""
        if not self.compiled:
            return None
        if self.is_watched:
            self.engine.leave(WATCHED)
            return None
        return self.engine.plan(document.plans, judged.key, operation, judged.principal.grants)

    async def respond(
        self,
        document: Document,
        *,
        variables: dict[str, Any] | None = None,
        context: Any = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] = EVERY,
        json_only: bool = False,
    ) -> ExecutionResult:
        """Execute as ``execute`` does, for one who only encodes the result.

        Args:
            document: as ``documents`` has parsed it.
            variables: as the client sent them.
            context: the context object.
            operation_name: which operation, if the document has several.
            allowed_operation_types: see ``execute``.
            json_only: whether what has no JSON, such as an object that a scalar hands on, is null
                with an error. Else the one who encodes must fail for it: msgspec shows attributes.

        Returns:
            The result; objects below the root may be ``msgspec.Struct`` instead of dictionaries.
        """
        operation = document.operation(operation_name, variables)
        is_allowed = (
            allowed_operation_types is EVERY
            or _KINDS[operation.node.operation] in allowed_operation_types
        )
        if self.extensions or self.is_watched or not self.compiled or not is_allowed:
            token = encodes.set(json_only)
            try:
                return await self.execute(
                    document.text,
                    variable_values=variables,
                    context_value=context,
                    operation_name=operation_name,
                    allowed_operation_types=allowed_operation_types,
                )
            finally:
                encodes.reset(token)
        # Whoever has a plan was valid, by the names that everybody may know.
        if self.names.hides or not document.plans:
            errors = self.validate(document, self._principal(context))
            if errors:
                return conclude(PreExecutionError(None, errors))
        asked = {
            "context_value": context,
            "operation_name": operation_name,
            "executor_class": self.execution_context_class,
        }
        result = self._perform(
            document, operation, self._execute, asked, packs=True, json_only=json_only
        )
        result = result if isinstance(result, CoreResult) else await result
        found = ExecutionResult(result.data, result.errors)
        return conclude(found) if result.errors else found

    def coerce(self, operation: Operation, context: Any) -> VariableValues | list[GraphQLError]:
        """Return the variables coerced, or why they don't fit, by the names that one may know."""
        if not operation.node.variable_definitions:
            return NO_VARIABLES
        known = self.names.schema(self._principal(context))
        return coerced(known, operation, hide_suggestions=self._hides_suggestions)

    def _whole(self, operation: Operation, variables: VariableValues) -> VariableValues:
        """Return variables that fit with the defaults, too, whose names the caller may not know."""
        if not operation.node.variable_definitions:
            return variables
        found = coerced(self._schema, operation, hide_suggestions=True)
        if isinstance(found, list):  # what fits a part of the schema fits the whole
            raise TypeError(found)
        return found

    def misfits(self, operation: Operation, context: Any) -> list[GraphQLError]:
        """Return why variables don't fit their types, by the names that the caller may know."""
        coerced = self.coerce(operation, context)
        return coerced if isinstance(coerced, list) else []

    def judge(
        self, operation: Operation, context: Any, decisions: Decisions, *, can_wait: bool = True
    ) -> Judged:
        """Decide an operation for its caller, before it runs.

        Args:
            operation: what is asked, valid for the schema.
            context: the context object, which tells who asks.
            decisions: what was decided about the document before.
            can_wait: there is an event loop that waits for the result.
        """
        principal = self._principal(context)
        grants, rules = principal.grants, self.rules
        key = key_of(rules, operation, grants, reject=self.denied_fields == "reject")
        decision = decide_once(decisions, key, rules, operation, grants)
        denials, explains = decision.denials, self.explains
        errors = [each.error(principal, explains=explains) for each in denials] if denials else []
        return Judged(
            principal,
            decision,
            operation.given,
            can_wait=can_wait,
            explains=explains,
            hidden_by=self.names.hidden_by,
            shows=self.names.shows if self.names.hides else None,
            errors=errors,
            key=key,
        )


class _Prepared(SchemaExtension):
    """Takes parsed, limited and validated documents from where they are kept."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @override
    def on_parse(self) -> Iterator[None]:
        if self.execution_context.query:
            try:
                self.document = self.schema.documents.parse(self.execution_context.query)
            except GraphApiError as refusal:
                raise located(refusal) from refusal
            self.execution_context.graphql_document = self.document.node
        yield

    @override
    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if context.query:
            more = [rule for rule in context.validation_rules if rule not in specified_rules]
            principal = self.schema.caller(context.context)
            context.pre_execution_errors = self.schema.validate(self.document, principal, more)
        yield

    @override
    def on_execute(self) -> Iterator[None]:
        """Let the guard of a subscription's root field find who subscribes."""
        context = self.execution_context
        if context.operation_type is not OperationType.SUBSCRIPTION:
            yield
            return
        asked = operation_of(self.document.node, context.operation_name, context.variables or {})
        if self.schema.misfits(asked, context.context):
            yield
            return
        with set_running(self.schema.judge(asked, context.context, {})):
            yield


def _declared(roots: Iterable[type], name: str) -> dict[str, Any]:
    """Merge what the root types bring along, such as the accounts' permissions."""
    return {key: value for root in roots for key, value in getattr(root, name, {}).items()}

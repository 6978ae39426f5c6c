"""A subgraph of Apollo Federation, whose rules are held as those of any schema."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from functools import reduce
from operator import and_
from typing import Any

import strawberry
from strawberry import federation
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema_directives import Authenticated, RequiresScopes
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from typing_extensions import override

from graph_api.authorization.gateway import demands
from graph_api.authorization.principal import READS_SCHEMA
from graph_api.authorization.rulebook import DEFINITION
from graph_api.authorization.rules import HasPermission, Public, Rule
from graph_api.authorization.terms import ObjectTerm
from graph_api.errors import BadUserInput, ConfigurationError
from graph_api.execution.schema import Schema


@strawberry.type(
    name="_Service",
    description="This subgraph, for the gateway.",
    directives=[HasPermission(READS_SCHEMA)],
)
class Service:
    """What a gateway composes: it shows the whole schema."""

    @staticmethod
    def here() -> Service:
        """Return it: there is one."""
        return Service()

    @strawberry.field(description="The schema.")
    def sdl(self, info: strawberry.Info) -> str:
        """Return the schema with its directives."""
        return info.schema.as_str()


_service: StrawberryField = strawberry.field(
    Service.here,
    name="_service",
    description="This subgraph, for the gateway.",
    permission_classes=[Public()],
)
_service.python_name = "_service"


class FederationSchema(Schema, federation.Schema):
    """A :class:`graph_api.Schema` that is a ``strawberry.federation.Schema``.

    Entities are reached by ``_entities``, which is public: each of their fields has its own rule.
    ``_service { sdl }`` shows the whole schema, so it takes the permission ``schema:read``; an own
    field of that name on the query takes its place, with the rule that it has there.

    It takes what both take. An entity whose rules look at the object must have a
    ``resolve_reference``: else Strawberry builds the object from what the caller sends, and who
    owns it would be theirs to say.
    """

    def __init__(self, query: type, *args: Any, **options: Any) -> None:
        permissions = {READS_SCHEMA: "See the whole schema."} | dict(
            options.pop("permissions", None) or {}
        )
        super().__init__(query, *args, permissions=permissions, **options)
        self._refuse_forgeable()

    @override
    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        fields = super().get_fields(type_definition)
        has_none = self.federation_version < Authenticated.minimum_version
        if type_definition.is_input or type_definition.is_interface or has_none:
            return fields
        holders = [type_definition, *type_definition.interfaces]
        return [_for_gateway(each, holders) for each in fields]

    @property
    @override
    def schema_directives_in_use(self) -> list[object]:
        """The directives to link: Strawberry looks for them where the types were declared."""
        definitions = [each.definition for each in self.schema_converter.type_map.values()]
        told = [
            directive
            for each in definitions
            if isinstance(each, StrawberryObjectDefinition)
            for field in self.get_fields(each)
            for directive in field.directives
            if isinstance(directive, Authenticated | RequiresScopes)
        ]
        return [*super().schema_directives_in_use, *told]

    @override
    def _get_federation_query_type(self, query: Any, *args: Any) -> type:
        whole: type = super()._get_federation_query_type(query, *args)
        definition: StrawberryObjectDefinition = vars(whole)["__strawberry_definition__"]
        own = {field.python_name for field in query.__strawberry_definition__.fields}
        definition.fields = [
            field if field.python_name in own else _ruled(field) for field in definition.fields
        ]
        return whole

    @override
    def entities_resolver(
        self, info: strawberry.Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        """Resolve entities; one of a type that the caller may not know is as one of no type."""
        schema = self.names.schema(self.caller(info.context))
        union: Any = schema.type_map.get("_Entity")
        known = {each.name: each.fields for each in union.types} if union else {}
        asked: list[Any] = list(representations)
        names = [f"{each.get('__typename')}" for each in asked]
        there: list[Any] = [
            each if schema is self.rules.schema else _of_known(each, known[name])
            for each, name in zip(asked, names, strict=True)
            if name in known
        ]
        entities = iter(super().entities_resolver(info, there))
        answers: list[Any] = [
            next(entities) if name in known else BadUserInput(f"There is no entity {name}.")
            for name in names
        ]
        return answers

    def _refuse_forgeable(self) -> None:
        entities: Any = self.rules.schema.type_map.get("_Entity")
        for entity in entities.types if entities else ():
            if hasattr(entity.extensions[DEFINITION].origin, "resolve_reference"):
                continue
            for name in entity.fields:
                rule = self.rules.fields.get(f"{entity.name}.{name}")
                if rule and _looks_at_object(rule):
                    raise ConfigurationError(
                        f"The rule of {entity.name}.{name} ({rule.rule}) looks at the object, but "
                        f"{entity.name} has no resolve_reference: a caller could send any object."
                    )


def _of_known(representation: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Return of a representation what the caller may know that there is."""
    return {name: each for name, each in representation.items() if name in {"__typename", *fields}}


def _for_gateway(
    field: StrawberryField, holders: Sequence[StrawberryObjectDefinition]
) -> StrawberryField:
    """Return a field with what a gateway can hold of its rules, those of its types among them.

    Not on interfaces: whoever composes a supergraph refuses it there.
    """
    namesakes = [each for one in holders for each in one.fields if each.name == field.name]
    elements: list[Any] = [*holders, field, *namesakes]
    rules = [rule for each in elements for rule in _rules(each)]
    if not rules:
        return field
    found = demands(reduce(and_, rules))
    directive: Any = Authenticated() if found.signed_in else None
    if found.scopes:
        directive = RequiresScopes(scopes=[list(one) for one in found.scopes])
    if directive is None:
        return field
    told = copy(field)
    told.directives = [*field.directives, directive]
    return told


def _rules(element: Any) -> list[Rule]:
    entries = (*(element.directives or ()), *getattr(element, "permission_classes", ()))
    return [Rule.of(each) for each in entries if isinstance(each, Rule)]


def _looks_at_object(rule: Rule) -> bool:
    """Whether one of our rules does; what a stranger's permission looks at is not known."""
    return any(isinstance(leaf, ObjectTerm) and not leaf.is_stranger for leaf in rule.term.leaves())


def _ruled(field: StrawberryField) -> StrawberryField:
    """Return a field that Strawberry has added, as it is with us."""
    if field.name == _service.name:
        return _service
    field.directives = [Public()]
    return field

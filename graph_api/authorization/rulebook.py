"""The rules of a schema by schema coordinate, and the checks that the start makes of them.

A field is covered by its own rule, its type's, and the same field's on an interface; those present
are ANDed. A field that nothing covers stops the start: deny by default.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache, reduce
from operator import and_
from typing import Any

from graphql import (
    DirectiveLocation,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_non_null_type,
)
from strawberry.permission import PermissionExtension

from graph_api.authorization.principal import (
    AUTHENTICATED,
    Grants,
    Principal,
    permission_grant,
    role_grant,
)
from graph_api.authorization.rules import Rule, Tried
from graph_api.authorization.terms import AnyOf, Everyone, Granted, ObjectTerm, Verdict
from graph_api.errors import ConfigurationError, NotFound

DEFINITION = "strawberry-definition"
ACTING = "graph_api.acting"
"""Key of a field's metadata: who is judged below it, as a function of the field's source."""

Acting = Callable[[Any], Principal]
_EXECUTABLE = frozenset(
    {
        DirectiveLocation.QUERY,
        DirectiveLocation.MUTATION,
        DirectiveLocation.SUBSCRIPTION,
        DirectiveLocation.FIELD,
        DirectiveLocation.FRAGMENT_DEFINITION,
        DirectiveLocation.FRAGMENT_SPREAD,
        DirectiveLocation.INLINE_FRAGMENT,
        DirectiveLocation.VARIABLE_DEFINITION,
    }
)
"""Where a directive may stand in a document."""
FieldsType = GraphQLObjectType | GraphQLInterfaceType


@dataclass(frozen=True)
class RuleBook:
    """The rules of one schema.

    Attributes:
        schema: the schema that they stand in.
        fields: the whole rule of each ruled field of an object or interface, by ``Type.field``.
        inputs: the rules of arguments (``Type.field(arg:)``), input fields (``Input.field``) and
            enum values (``Enum.VALUE``); the grants alone decide them.
        uncovered: coordinates of the fields that no rule covers.
        ignores_bearer: names of the root mutation fields that are served without a look at the
            bearer.
        opaque: coordinates that only a Strawberry ``PermissionExtension`` in ``extensions=[…]``
            covers: it holds by itself.
        acting: for fields below which another caller is judged (the one who has just signed in),
            how to get that caller from the field's source.
        takes_ruled: coordinates of the fields to which something in ``inputs`` may be given.
        trials: rules that are tried and hold nothing, by the coordinate of their field.
    """

    schema: GraphQLSchema
    fields: Mapping[str, Rule]
    inputs: Mapping[str, Rule]
    uncovered: tuple[str, ...]
    ignores_bearer: frozenset[str]
    opaque: frozenset[str]
    acting: Mapping[str, Acting]
    takes_ruled: frozenset[str]
    trials: Mapping[str, Rule]

    @classmethod
    def of(cls, schema: GraphQLSchema) -> RuleBook:
        """Collect the rules of a schema that Strawberry built.

        Raises:
            ConfigurationError: for a rule where none can hold.
        """
        _refuse_misplaced(schema)
        inputs = _inputs(schema)
        _refuse_in_directives(schema, inputs)
        fields: dict[str, Rule] = {}
        uncovered: list[str] = []
        opaque: set[str] = set()
        for graphql_type, name in _fields(schema):
            coordinate = f"{graphql_type.name}.{name}"
            rule = _all_of(_field_rules(graphql_type, name))
            if rule is None:
                rule = _extension_rule(graphql_type.fields[name])
                if rule is None:
                    uncovered.append(coordinate)
                    continue
                opaque.add(coordinate)
            fields[coordinate] = rule
        _refuse_namesakes(fields.values())
        return cls(
            schema=schema,
            fields=fields,
            inputs=inputs,
            uncovered=tuple(uncovered),
            ignores_bearer=_ignoring_the_bearer(schema),
            opaque=frozenset(opaque),
            acting=dict(_acting(schema)),
            takes_ruled=frozenset(_taking_ruled(schema, inputs)),
            trials=dict(_trials(schema)),
        )

    @cached_property
    def mentioned(self) -> Grants:
        """All grants that a rule names: the others of a caller change no decision."""
        rules = (*self.fields.values(), *self.inputs.values())
        named = {grant for rule in rules for grant in _grants(rule)}
        return frozenset({AUTHENTICATED, *named})

    @cached_property
    def relevant(self) -> Callable[[Grants], Grants]:
        """Returns those of a caller's grants that some rule mentions; most callers ask again."""
        return lru_cache(maxsize=1_024)(self.mentioned.intersection)

    def guarded(self, coordinate: str) -> Rule | None:
        """Return the rule that we hold for a field: what is opaque holds by itself."""
        return None if coordinate in self.opaque else self.fields.get(coordinate)

    def asked(self, coordinate: str) -> Rule | None:
        """Return the rule that denies a field where a document asks for it."""
        return self.of_interfaces.get(coordinate) or self.guarded(coordinate)

    def opened_by(self, coordinate: str) -> Rule | None:
        """Return the rule of those who may read a field whatever type stands there."""
        rules = map(self.fields.get, self._on_types.get(coordinate) or [coordinate])
        return _all_of(rule for rule in rules if rule)

    def verdict(self, coordinate: str, grants: Grants) -> Verdict:
        """Judge an element by the grants alone; None where it hangs on the object, or its type."""
        on_types = self._on_types.get(coordinate) or [coordinate]
        rules = (self.fields.get(each) or self.inputs.get(each) for each in on_types)
        verdicts = {rule.static(grants) if rule else True for rule in rules}
        return verdicts.pop() if len(verdicts) == 1 else None

    @cached_property
    def of_interfaces(self) -> Mapping[str, Rule]:
        """The rules that deny the fields of interfaces: those of all types that may stand there."""
        rules = {each: list(map(self.guarded, on)) for each, on in self._on_types.items()}
        return {each: _any_of(filter(None, of)) for each, of in rules.items() if of and all(of)}

    @cached_property
    def _on_types(self) -> Mapping[str, list[str]]:
        """The coordinates of an interface's field on each type that may stand there."""
        return {
            f"{interface.name}.{name}": [
                f"{each.name}.{name}" for each in self.schema.get_possible_types(interface)
            ]
            for interface in _types(self.schema, GraphQLInterfaceType)
            for name in interface.fields
        }

    def rule_of(self, coordinate: str) -> Rule | None:
        """Return the rule of a field, argument, input field or enum value, None if it has none.

        Raises:
            NotFound: the schema has none of that coordinate; with the nearest that it has.
        """
        known = dict.fromkeys(each for each, _ in self.graphql_fields())
        known |= dict.fromkeys(each for each, _ in _input_elements(self.schema))
        if coordinate not in known:
            near = get_close_matches(coordinate, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise NotFound(f"The schema has no {coordinate}.{hint}")
        return self.fields.get(coordinate) or self.inputs.get(coordinate)

    def field(self, coordinate: str) -> GraphQLField:
        """Return the field of an object or interface."""
        type_name, _, name = coordinate.partition(".")
        graphql_type: Any = self.schema.type_map[type_name]
        found: GraphQLField = graphql_type.fields[name]
        return found

    def graphql_fields(self) -> Iterator[tuple[str, GraphQLField]]:
        """Yield each field of an object or interface with its coordinate."""
        for graphql_type, name in _fields(self.schema):
            yield f"{graphql_type.name}.{name}", graphql_type.fields[name]

    def require_coverage(self) -> None:
        """Stop the start where a field has no rule.

        Raises:
            ConfigurationError: naming each field and the line to add.
        """
        if self.uncovered:
            names = "\n".join(f"  - {coordinate}" for coordinate in self.uncovered)
            raise ConfigurationError(
                f"No rule covers:\n{names}\nGive each field one, such as "
                '`permission_classes=[HasPermission("noun:verb")]` or '
                "`permission_classes=[Public()]`; or its type `directives=[Carrier()]`, if whoever "
                "reaches it may read it."
            )

    def require_nullable(self) -> None:
        """Stop the start where a denial would take a whole object along, which nobody asked for.

        Raises:
            ConfigurationError: naming a non-null field whose rule is stricter than its type's.
        """
        for graphql_type, name in _fields(self.schema):
            _refuse_strict_non_null(graphql_type, name)

    def require_declared(self, permissions: Collection[str], roles: Collection[str]) -> None:
        """Stop the start where a rule names a permission or role that nobody declared.

        Raises:
            ConfigurationError: with the nearest declared name.
        """
        known = {*map(permission_grant, permissions), *map(role_grant, roles), "authenticated"}
        rules = (*self.fields.items(), *self.inputs.items(), *self.trials.items())
        for coordinate, rule in rules:
            for grant in _grants(rule):
                if grant not in known:
                    near = get_close_matches(grant, known, n=1)
                    hint = f" Did you mean {near[0]}?" if near else ""
                    raise ConfigurationError(
                        f"The rule of {coordinate} names {grant}, which is not declared.{hint} "
                        "Declare it with Schema(permissions={…}, roles={…})."
                    )


def _types(schema: GraphQLSchema, kind: Any) -> Iterator[Any]:
    for name, graphql_type in schema.type_map.items():
        if isinstance(graphql_type, kind) and not name.startswith("__"):
            yield graphql_type


def _fields(schema: GraphQLSchema) -> Iterator[tuple[FieldsType, str]]:
    for graphql_type in _types(schema, FieldsType):
        for name in graphql_type.fields:
            yield graphql_type, name


def _all_of(rules: Iterable[Rule]) -> Rule | None:
    """AND the rules, each once; ``public`` and ``carrier`` add their modes to a stricter one."""
    distinct = list(dict.fromkeys(rules))
    strict = [rule for rule in distinct if not isinstance(rule.term, Everyone)]
    kept = strict or distinct[:1]
    if not kept:
        return None
    whole = reduce(and_, kept)
    return Rule(
        whole.term,
        ignores_bearer=whole.ignores_bearer,
        rejects=any(rule.rejects for rule in distinct),
        conceals=any(rule.conceals for rule in distinct),
    )


def _any_of(rules: Iterable[Rule]) -> Rule:
    """OR the rules of types of which one will stand there: who is denied is denied by each.

    A denial tells the whole rule, so one that conceals its part conceals all of it.
    """
    distinct = list(dict.fromkeys(rules))
    return Rule(
        distinct[0].term if len(distinct) == 1 else AnyOf(tuple(each.term for each in distinct)),
        rejects=any(each.rejects for each in distinct),
        conceals=any(each.conceals for each in distinct),
    )


def _field_rules(graphql_type: FieldsType, name: str) -> list[Rule]:
    holders = [graphql_type, *(each for each in graphql_type.interfaces if name in each.fields)]
    return [rule for each in holders for rule in (*own_rules(each.fields[name]), *type_rules(each))]


def own_rules(graphql_field: GraphQLField) -> list[Rule]:
    """Return the rules that stand on the field; ``permission_classes`` are among them."""
    return _directive_rules(graphql_field)


def _extension_rule(graphql_field: GraphQLField) -> Rule | None:
    definition = graphql_field.extensions.get(DEFINITION)
    extensions = definition.extensions if definition else ()
    return _all_of(
        Rule.of(permission)
        for extension in extensions
        if isinstance(extension, PermissionExtension)
        for permission in extension.permissions
    )


def type_rules(graphql_type: Any) -> list[Rule]:
    """Return the rules that stand on the type."""
    return _directive_rules(graphql_type)


def _directive_rules(element: Any) -> list[Rule]:
    definition = element.extensions.get(DEFINITION)
    directives = getattr(definition, "directives", None) or ()
    return [Rule.of(each) for each in directives if isinstance(each, Rule | Tried)]


def _refuse_strict_non_null(graphql_type: FieldsType, name: str) -> None:
    if not is_non_null_type(graphql_type.fields[name].type):
        return
    of_type = type_rules(graphql_type)
    for rule in _field_rules(graphql_type, name):
        if not isinstance(rule.term, Everyone) and rule not in of_type:
            raise ConfigurationError(
                f"{graphql_type.name}.{name} is non-null, but its rule ({rule.rule}) is stricter "
                "than its type's: a denial would null the whole object. Make the field nullable."
            )


def _refuse_misplaced(schema: GraphQLSchema) -> None:
    """Stop the start where Strawberry takes a rule that nothing would hold."""
    for graphql_type in _types(schema, GraphQLNamedType):
        if not isinstance(graphql_type, FieldsType) and _directive_rules(graphql_type):
            raise ConfigurationError(
                f"{graphql_type.name} has a rule, which holds nothing there: rules stand on object "
                "and interface types, fields, arguments, input fields and enum values."
            )


def _refuse_in_directives(schema: GraphQLSchema, inputs: Collection[str]) -> None:
    """What is given to an executable directive is judged by nobody."""
    ruled = _ruled_input_types(schema, inputs)
    for directive in schema.directives:
        if _EXECUTABLE.isdisjoint(directive.locations):
            continue
        for name, argument in directive.args.items():
            if _directive_rules(argument) or get_named_type(argument.type) in ruled:
                raise ConfigurationError(
                    f"@{directive.name}({name}:) takes what has a rule, which holds nothing there: "
                    "what a directive takes is judged by nobody."
                )


def _refuse_namesakes(rules: Iterable[Rule]) -> None:
    """What is printed, compared and listed is the name, so it must be of one rule."""
    leaves = [leaf for rule in rules for leaf in rule.term.leaves()]
    ours = [leaf for leaf in leaves if isinstance(leaf, ObjectTerm) and not leaf.is_stranger]
    named: dict[str, object] = {}
    for leaf in ours:
        if named.setdefault(leaf.name, leaf.judge) != leaf.judge:
            raise ConfigurationError(f"Two rules are called {leaf.name}: rename one of them.")


def _inputs(schema: GraphQLSchema) -> dict[str, Rule]:
    """Collect the rules of inputs; an argument's holds on the interfaces of its field, and back.

    A document may give the argument through the interface, whatever type answers.
    """
    own = dict(_input_rules(schema))
    rules: dict[str, list[Rule]] = {coordinate: [rule] for coordinate, rule in own.items()}
    for graphql_type, name in _fields(schema):
        for interface in graphql_type.interfaces:
            for arg in interface.fields[name].args if name in interface.fields else ():
                pair = f"{graphql_type.name}.{name}({arg}:)", f"{interface.name}.{name}({arg}:)"
                for one, other in (pair, pair[::-1]):
                    if other in own:
                        rules.setdefault(one, []).append(own[other])
    return {coordinate: whole for coordinate in rules if (whole := _all_of(rules[coordinate]))}


def _taking_ruled(schema: GraphQLSchema, inputs: Collection[str]) -> Iterator[str]:
    ruled_types = _ruled_input_types(schema, inputs)
    for graphql_type, name in _fields(schema):
        coordinate = f"{graphql_type.name}.{name}"
        for arg, argument in graphql_type.fields[name].args.items():
            if f"{coordinate}({arg}:)" in inputs or get_named_type(argument.type) in ruled_types:
                yield coordinate


def _ruled_input_types(schema: GraphQLSchema, inputs: Collection[str]) -> set[GraphQLNamedType]:
    """The enums and input types with a ruled part, however deep."""
    ruled = {schema.type_map[each.partition(".")[0]] for each in inputs if "(" not in each}
    inner = -1
    while inner != len(ruled):
        inner = len(ruled)
        for graphql_type in _types(schema, GraphQLInputObjectType):
            if any(get_named_type(each.type) in ruled for each in graphql_type.fields.values()):
                ruled.add(graphql_type)
    return ruled


def _input_rules(schema: GraphQLSchema) -> Iterator[tuple[str, Rule]]:
    for coordinate, element in _input_elements(schema):
        if own_permissions := getattr(
            element.extensions.get(DEFINITION), "permission_classes", None
        ):
            raise ConfigurationError(
                f"{coordinate} has permission_classes={own_permissions}, which Strawberry ignores "
                "on inputs. Write directives=[…] instead."
            )
        rule = _all_of(_directive_rules(element))
        if rule is None:
            continue
        if not all(isinstance(leaf, Everyone | Granted) for leaf in rule.term.leaves()):
            raise ConfigurationError(
                f"The rule of {coordinate} ({rule.rule}) looks at an object. An argument, input "
                "field or enum value has none: put that rule on the field that takes it."
            )
        yield coordinate, rule


def _input_elements(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    for graphql_type, name in _fields(schema):
        graphql_field = graphql_type.fields[name]
        for arg, argument in graphql_field.args.items():
            yield f"{graphql_type.name}.{name}({arg}:)", argument
    for graphql_type in _types(schema, GraphQLInputObjectType):
        for name, input_field in graphql_type.fields.items():
            yield f"{graphql_type.name}.{name}", input_field
    for graphql_type in _types(schema, GraphQLEnumType):
        for name, value in graphql_type.values.items():
            yield f"{graphql_type.name}.{name}", value


def _ignoring_the_bearer(schema: GraphQLSchema) -> frozenset[str]:
    mutation = schema.mutation_type
    return frozenset(
        name
        for name, each in (mutation.fields if mutation else {}).items()
        if any(rule.ignores_bearer for rule in own_rules(each))
    )


def _acting(schema: GraphQLSchema) -> Iterator[tuple[str, Acting]]:
    for graphql_type, name in _fields(schema):
        each = graphql_type.fields[name]
        definition = each.extensions.get(DEFINITION)
        if definition is not None and ACTING in definition.metadata:
            yield f"{graphql_type.name}.{name}", definition.metadata[ACTING]


def _trials(schema: GraphQLSchema) -> Iterator[tuple[str, Rule]]:
    for graphql_type, name in _fields(schema):
        definition = graphql_type.fields[name].extensions.get(DEFINITION)
        entries = getattr(definition, "permission_classes", None) or ()
        if rule := _all_of(each.rule for each in entries if isinstance(each, Tried)):
            yield f"{graphql_type.name}.{name}", rule


def _grants(rule: Rule) -> Iterator[str]:
    return (leaf.grant for leaf in rule.term.leaves() if isinstance(leaf, Granted))

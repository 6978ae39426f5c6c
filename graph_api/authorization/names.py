"""Which names a caller may know: documents are validated against the schema that has these.

With ``forbid`` it is the whole schema, and what is denied is answered with ``FORBIDDEN``; clients
that share one document among roles need that. With ``conceal`` it is the schema that the caller
could use, so that a hidden name and one that never existed are answered alike. A rule that conceals
by itself hides what it denies in either case.
"""

from __future__ import annotations

from functools import cached_property
from itertools import takewhile
from typing import Any, Literal

from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_non_null_type,
)
from graphql.execution import Executor
from graphql.pyutils import Path as ResponsePath
from typing_extensions import override

from graph_api.authorization.guards import hidden_value, running
from graph_api.authorization.principal import AUTHENTICATED, READS_SCHEMA, Grants, Principal
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.rules import Rule
from graph_api.authorization.shape import Shapes

DeniedNames = Literal["forbid", "conceal"]


class Names:
    """The names of one schema.

    Attributes:
        hides: whether a name can be hidden from anybody.
    """

    def __init__(self, book: RuleBook, denied_names: DeniedNames) -> None:
        rules = (*book.fields.values(), *book.inputs.values())
        self._book = book
        self._conceals_all = denied_names == "conceal"
        self.hides = self._conceals_all or any(rule.conceals for rule in rules)
        self._shapes = Shapes(book, self._conceals, validates=True)

    def _conceals(self, rule: Rule) -> bool:
        return self._conceals_all or rule.conceals

    def hidden_by(self, rule: Rule, principal: Principal) -> bool:
        """Whether a caller may not know what a rule is of, which is decided by the grants alone."""
        return (
            self._conceals(rule)
            and READS_SCHEMA not in principal.permissions
            and rule.static(_as_user(principal)) is False
        )

    def schema(self, principal: Principal) -> GraphQLSchema:
        """Return the schema that a caller's documents and variables are validated against.

        Anonymous callers know what any signed-in user without a role could use: they are told to
        sign in. Who reads the schema knows all of it.
        """
        if not self.hides or READS_SCHEMA in principal.permissions:
            return self._book.schema
        return self._shapes.of(_as_user(principal))

    def shows(self, principal: Principal, declared: Any, of_type: GraphQLObjectType) -> bool:
        """Whether a caller may know that objects of a type stand for an interface or union."""
        schema = self.schema(principal)
        if schema is self._book.schema:
            return True
        seen: Any = schema.type_map.get(of_type.name)
        wider: Any = schema.type_map.get(declared.name)
        return seen is not None and is_abstract_type(wider) and schema.is_sub_type(wider, seen)


def _as_user(principal: Principal) -> Grants:
    """The grants of a caller, who has signed in or else would."""
    return principal.grants | {AUTHENTICATED}


def concealing(executor: type[Executor[Any]], names: Names) -> type[Executor[Any]]:
    """Return the executor class, made to null objects whose type the caller may not know."""
    if not names.hides:
        return executor
    return type(f"Concealing{executor.__name__}", (_Concealing, executor), {"names": names})


class _Concealing(Executor[Any]):
    names: Names

    @cached_property
    def _shown(self) -> dict[tuple[Principal, Any, GraphQLObjectType], bool]:
        return {}

    @override
    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: Any,
        info: Any,
        path: ResponsePath,
        result: Any,
        position_context: Any,
    ) -> Any:
        place = return_type, field_details_list, info, path
        declared, operation = get_named_type(info.return_type), running.get()
        if declared is not return_type and operation is not None:
            key = operation.principal_at(path), declared, return_type
            if key not in self._shown:
                self._shown[key] = self.names.shows(*key)
            if not self._shown[key]:
                raise hidden_value(must_be=_is_non_null_at(path, info.return_type))
        return super().complete_object_value(*place, result, position_context)


def _is_non_null_at(path: ResponsePath, declared: Any) -> bool:
    """Whether what stands at a path of a field, perhaps within lists, must not be null."""
    indices = takewhile(lambda key: isinstance(key, int), reversed(path.as_list()))
    for _ in indices:
        declared = get_nullable_type(declared).of_type
    return is_non_null_type(declared)

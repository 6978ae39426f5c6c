"""Which names a caller may know: documents are validated against the schema that has these.

With ``forbid`` it is the whole schema, and what is denied is answered with ``FORBIDDEN``; clients
that share one document among roles need that. With ``conceal`` it is the schema that the caller
could use, so that a hidden name and one that never existed are answered alike. A rule that conceals
by itself hides what it denies in either case.
"""

from __future__ import annotations

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

from graph_api.authorization.guards import running
from graph_api.authorization.principal import AUTHENTICATED, READS_SCHEMA, Principal
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.rules import Rule
from graph_api.authorization.shape import Shapes
from graph_api.errors import Forbidden

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
        self._shapes = Shapes(book, self._conceals)

    def _conceals(self, rule: Rule) -> bool:
        return self._conceals_all or rule.conceals

    def hidden_by(self, rule: Rule, principal: Principal) -> bool:
        """Whether a caller whom a rule denies may not know what it denies."""
        return self._conceals(rule) and READS_SCHEMA not in principal.permissions

    def schema(self, principal: Principal) -> GraphQLSchema:
        """Return the schema that a caller's documents and variables are validated against.

        Anonymous callers know what any signed-in user without a role could use: they are told to
        sign in. Who reads the schema knows all of it.
        """
        if not self.hides or READS_SCHEMA in principal.permissions:
            return self._book.schema
        return self._shapes.of(principal.grants | {AUTHENTICATED})

    def shows(self, principal: Principal, declared: Any, of_type: GraphQLObjectType) -> bool:
        """Whether a caller may know that an object of a type stands where one is declared."""
        schema = self.schema(principal)
        if schema is self._book.schema:
            return True
        seen = schema.type_map.get(of_type.name)
        wider = schema.type_map.get(get_named_type(declared).name)
        if seen is None or wider is None:
            return False
        return seen is wider or (is_abstract_type(wider) and schema.is_sub_type(wider, seen))


def concealing(executor: type[Executor[Any]], names: Names) -> type[Executor[Any]]:
    """Return the executor class, made to null objects whose type the caller may not know."""
    if not names.hides:
        return executor
    return type(f"Concealing{executor.__name__}", (_Concealing, executor), {"names": names})


class _Concealing(Executor[Any]):
    names: Names

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
        operation = running.get()
        place = return_type, field_details_list, info, path
        if operation is not None:
            principal = operation.principal_at(path)
            if not self.names.shows(principal, info.return_type, return_type):
                if _is_non_null_at(path, info.return_type):
                    raise Forbidden("You may not see an object that stands here.")
                return None
        return super().complete_object_value(*place, result, position_context)


def _is_non_null_at(path: ResponsePath, declared: Any) -> bool:
    """Whether what stands at a path of a field, perhaps within lists, must not be null."""
    indices = takewhile(lambda key: isinstance(key, int), reversed(path.as_list()))
    for _ in indices:
        declared = get_nullable_type(declared).of_type
    return is_non_null_type(declared)

"""Validation by the rules of the specification, and Strawberry's two of its own."""

from __future__ import annotations

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OverlappingFieldsCanBeMergedRule,
    specified_rules,
)
from graphql import validate as validate_by
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graph_api.execution.merging import FieldsCanBeMerged

RULES = tuple(
    FieldsCanBeMerged if rule is OverlappingFieldsCanBeMergedRule else rule
    for rule in specified_rules
)
"""Those of the specification."""
MOST_ERRORS = 5
"""Validation ends at this many: a small document must not make a large answer."""


def validate(
    schema: GraphQLSchema,
    document: DocumentNode,
    rules: tuple[type[ASTValidationRule], ...] = RULES,
    *,
    introspects: bool = True,
    hide_suggestions: bool = False,
) -> list[GraphQLError]:
    """Return what is wrong with a document.

    Args:
        schema: what it is validated against.
        document: the syntax tree.
        rules: those of the specification, or others in their place.
        introspects: whether it may ask for ``__schema`` and ``__type``.
        hide_suggestions: whether no 'did you mean' is said.
    """
    more = () if introspects else (NoSchemaIntrospectionCustomRule,)
    whole = (*rules, *more, MaybeNullValidationRule, OneOfInputValidationRule)
    return validate_by(
        schema, document, whole, max_errors=MOST_ERRORS, hide_suggestions=hide_suggestions
    )

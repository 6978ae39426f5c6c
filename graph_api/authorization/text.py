"""Rules read back from their canonical text, whose grammar docs/rules.md gives.

What is read decides by grants as the rule did. Of a rule over objects only its name is known, so it
can be compared, not asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from graph_api.authorization.principal import AUTHENTICATED
from graph_api.authorization.rules import Rule
from graph_api.authorization.terms import (
    AllOf,
    AnyOf,
    Call,
    Everyone,
    Granted,
    Not,
    ObjectTerm,
    Term,
)
from graph_api.errors import ConfigurationError

IGNORES_BEARER = "(ignoresBearer)"
_MODES = re.compile(r"(?P<reject>reject\()?(?P<conceal>conceal\()?(?P<rule>.*)", re.DOTALL)

_NAME = r"[\w.:/-]+"
_TOKEN = re.compile(
    rf" [|&] |~|role\({_NAME}\)|permission\({_NAME}\)|class\({_NAME}\)"
    rf"|self\((?:arg: )?{_NAME}\)|[^\W\d]\w*|[()]"
)
_DEEPEST = 100
"""Parentheses and ``~`` in one another: what is written by people has three or four."""


class InvalidRule(ConfigurationError):
    """A text that is no rule."""


def parse(text: str) -> Rule:
    """Return the rule of a canonical text; its own text is the same.

    Raises:
        InvalidRule: the text does not follow the grammar.
    """
    rejects, conceals, inner = _MODES.fullmatch(text).groups()  # type: ignore[union-attr]
    closing = ")" * (bool(rejects) + bool(conceals))
    if not inner.endswith(closing):
        raise InvalidRule(f"{text!r} is no rule: it ends before {closing}.")
    inner = inner.removesuffix(closing)
    modes = {"rejects": bool(rejects), "conceals": bool(conceals)}
    if inner == f"public{IGNORES_BEARER}":
        return Rule(Everyone(), ignores_bearer=True, **modes)
    tokens = _TOKEN.findall(inner)
    if "".join(tokens) != inner:
        raise InvalidRule(f"{text!r} is no rule: see docs/rules.md, 'The printed text'.")
    return Rule(_Parser(inner, tokens[::-1]).whole(), **modes)


class _Parser:
    """Descends the grammar; ``rest`` has the tokens to come, the next one last."""

    def __init__(self, text: str, rest: list[str]) -> None:
        self.text, self.rest, self.depth = text, rest, 0

    def whole(self) -> Term:
        term = self.any()
        if self.rest:
            raise self.unexpected()
        return term

    def any(self) -> Term:
        return self.several(" | ", AnyOf, self.all)

    def all(self) -> Term:
        return self.several(" & ", AllOf, self.one)

    def several(self, sign: str, of: type[AllOf | AnyOf], part: Callable[[], Term]) -> Term:
        terms = [part()]
        while self.takes(sign):
            terms.append(part())
        return terms[0] if len(terms) == 1 else of(tuple(terms))

    def one(self) -> Term:
        self.depth += 1
        if not self.rest or self.depth > _DEEPEST:
            raise self.unexpected()
        term = self.inner()
        self.depth -= 1
        return term

    def inner(self) -> Term:
        if self.takes("~"):
            return Not(self.one())
        if self.takes("("):
            term = self.any()
            if not self.takes(")"):
                raise self.unexpected()
            return term
        if self.rest[-1] in {" | ", " & ", ")"}:
            raise self.unexpected()
        return _leaf(self.rest.pop())

    def takes(self, token: str) -> bool:
        """Go past the next token, if it is this one."""
        found = bool(self.rest) and self.rest[-1] == token
        if found:
            self.rest.pop()
        return found

    def unexpected(self) -> InvalidRule:
        at = len(self.text) - len("".join(self.rest))
        what = repr(self.rest[-1]) if self.rest else "its end"
        return InvalidRule(f"{self.text!r} is no rule: {what} is unexpected at character {at}.")


def _leaf(token: str) -> Term:
    if token in {"public", "carrier"}:
        return Everyone(token)
    if token == AUTHENTICATED or token.startswith(("role(", "permission(")):
        return Granted(token)
    return ObjectTerm(token, _unknown, is_stranger=token.startswith("class("))


def _unknown(_call: Call, _objects: Sequence[Any]) -> Sequence[bool]:
    raise NotImplementedError("A rule read from its text can't be asked about objects.")

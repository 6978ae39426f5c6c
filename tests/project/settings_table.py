"""Writes docs/settings.md: ``python -m tests.project.settings_table > docs/settings.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from graph_api.settings import PREFIX, Settings

HEAD = """\
# Settings

Each is an environment variable, or a line of `.env` in the folder where the server starts; the
environment wins. A secret can also stand in a file, as containers hand it over:
`GRAPH_API_SECRET_KEY_FILE=/run/secrets/key`. Lists are separated by commas, times are in seconds.
Without `GRAPH_API_DATABASE_URL` the plain `DATABASE_URL` is read, which many hosts set.

`graph-api dev` needs none of them. `graph-api serve` must be given `GRAPH_API_SECRET_KEY` and
`GRAPH_API_ISSUER`, and says what is unsafe about the others.

| Variable | Default | What it is |
| --- | --- | --- |
"""
GIVEN_BY_THE_COMMAND = {"mode"}
DEPENDS = {
    "database_url": "SQLite in the data folder",
    "audience": "the issuer",
    "allowed_hosts": "the issuer's, loopback",
    "registration": "on in `dev`",
    "graphiql": "on in `dev`",
}


def page() -> str:
    return HEAD + "".join(f"{row}\n" for row in rows())


def rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        if name not in GIVEN_BY_THE_COMMAND:
            cells = (f"`{variable(name, field)}`", default(name, field), meaning(field))
            yield f"| {' | '.join(cells)} |"


def variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{name.upper()}"


def default(name: str, field: FieldInfo) -> str:
    if field.default_factory:
        return DEPENDS[name]
    value = field.default
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return f"`{text}`" if text not in (None, "", ()) else "none"


def meaning(field: FieldInfo) -> str:
    values = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return " ".join(filter(None, [field.description, one_of(values), bounds(field)]))


def one_of(values: tuple[Any, ...]) -> str:
    return f"One of {', '.join(f'`{value}`' for value in values)}." if values else ""


def bounds(field: FieldInfo) -> str:
    low = bound(field, "ge")
    high = bound(field, "le")
    if low is None:
        return ""
    return f"At least {low:,}." if high is None else f"{low:,} to {high:,}."


def bound(field: FieldInfo, side: str) -> int | None:
    return next((getattr(it, side) for it in field.metadata if hasattr(it, side)), None)


if __name__ == "__main__":
    sys.stdout.write(page())

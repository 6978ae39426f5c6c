"""``graph-api explain``: what would be decided about an operation, and why."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import rich_click as click

from graph_api.accounts.grants import grants_of
from graph_api.authorization.analysis import sentence
from graph_api.authorization.explanation import Explained, Outcome
from graph_api.authorization.matrix import holder
from graph_api.authorization.principal import ANONYMOUS, Principal
from graph_api.cli.configuration import (
    Application,
    application_options,
    load_application,
    read_settings,
)
from graph_api.cli.database import open_accounts
from graph_api.cli.output import Row, examples, json_option, show, show_json
from graph_api.cli.users import find_user
from graph_api.errors import GraphApiError
from graph_api.execution.explain import Explanation
from graph_api.execution.explain import explain as explain_operation
from graph_api.execution.limits import Limits


@click.command(
    epilog=examples(
        "graph-api explain --as support '{ users { nodes { email } } }'",
        "graph-api explain --as author,user 'mutation { deleteUser(input: {userId: 1}) "
        "{ deletedUserId } }'",
        'graph-api explain --as ada@example.com --variables \'{"id": "usr_1"}\' - < query.graphql',
    )
)
@click.option(
    "--as",
    "caller",
    required=True,
    metavar="ROLE[,ROLE…]|EMAIL|anonymous",
    help="The caller: declared roles, a user of the database, or anonymous.",
)
@click.option("--variables", default="{}", metavar="JSON", help="The variables, one JSON object.")
@click.option("--operation", metavar="NAME", help="Which one, if the document has several.")
@click.argument("document")
@json_option
@application_options
def explain(
    *,
    caller: str,
    variables: str,
    operation: str | None,
    document: str,
    as_json: bool,
    schema: str | None,
    app_dir: Path,
) -> None:
    """Explain, field by field, what is decided about an operation; it does not run.

    DOCUMENT is its text, or - to read it from stdin. The exit code is 0 whatever is decided, and 2
    for an operation that is not valid.
    """
    application = _configured(schema, app_dir)
    principal = _principal(caller, application)
    try:
        explanation = explain_operation(
            application.schema,
            sys.stdin.read() if document == "-" else document,
            principal,
            variables=_object(variables),
            operation_name=operation,
        )
    except GraphApiError as error:
        raise click.UsageError(error.message) from error
    _tell(explanation, as_json=as_json)


def _configured(schema: str | None, app_dir: Path) -> Application:
    settings = read_settings(schema_path=schema)
    application = load_application(settings.schema_path, app_dir)
    application.schema.configure(
        limits=Limits.of(settings),
        denied_fields=settings.denied_fields,
        denied_names=settings.denied_names,
        introspection=settings.introspection,
    )
    return application


def _principal(caller: str, application: Application) -> Principal:
    """Return who is meant.

    Raises:
        UsageError: nobody declared such a role.
    """
    if caller == "anonymous":
        return ANONYMOUS
    if "@" in caller:
        return asyncio.run(_user(caller))
    names = [name.strip() for name in caller.split(",")]
    declared = application.declared_roles
    for name in names:
        if name not in declared:
            there = ", ".join(sorted(declared))
            raise click.UsageError(f"There is no declared role {name!r}: there are {there}.")
    return holder(names, declared, application.permissions)


async def _user(email: str) -> Principal:
    async with open_accounts(keys=False) as accounts:
        user = await find_user(accounts, email)
        async with accounts.db.read() as session:
            grants = await grants_of(session, user.id)
    return Principal(user.id, roles=grants.roles, permissions=grants.permissions)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--variables is no JSON: {error}.") from error
    if not isinstance(value, dict):
        raise click.UsageError("--variables is no JSON object.")
    return value


def _tell(explanation: Explanation, *, as_json: bool) -> None:
    rows = [_row(each) for each in explanation.fields]
    if as_json:
        about = {"rejected": explanation.is_rejected, "concealed": explanation.is_concealed}
        show_json({**about, "refused": explanation.refused, "fields": rows})
        return
    texts = [{**row, "missing": "; or ".join(map(sentence, row["missing"]))} for row in rows]
    show(texts, as_json=False, none="No fields.")
    click.echo(f"\n{_whole(explanation)}")


def _whole(explanation: Explanation) -> str:
    if explanation.is_concealed:
        return "Refused as invalid: the caller may not know all of these names. Nothing would run."
    if explanation.is_rejected:
        return "Rejected: nothing would run."
    how = f"on graphql-core ({explanation.refused})" if explanation.refused else "by a plan"
    if any(each.outcome is Outcome.DENIED for each in explanation.fields):
        return f"It would run {how}, and what is denied would be null."
    return f"It would run {how}."


def _row(one: Explained) -> Row:
    return {
        "field": ".".join(one.path),
        "coordinate": one.coordinate,
        "decision": one.outcome.value,
        "rule": one.rule,
        "missing": one.missing,
    }

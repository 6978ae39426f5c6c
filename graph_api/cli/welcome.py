"""What ``dev`` shows: the first screen, and the tabs that GraphiQL opens with.

The lines with ``curl`` are tested as they are printed, together with the answers beside them.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import rich_click as click
from graphql import parse, print_ast

from graph_api.accounts.demo import DemoSignIn
from graph_api.cli.configuration import Application
from graph_api.http.graphiql import DemoAccount, Page, Tab, page
from graph_api.settings import Settings

LOGIN = "mutation Login($input: LoginInput!) { login(input: $input) { accessToken } }"
ME = "query Me { me { email roles { name } } }"
FORBIDDEN = "query Forbidden { auditEvents(first: 3) { nodes { at action } } }"

LOGIN_TAB = """
mutation Login($input: LoginInput!) {
  login(input: $input) { accessToken refreshToken expiresIn user { email roles { name } } }
}
"""
"""With the refresh token, by which the page stays signed in as whom the tab signs in."""

READ_LOGIN = (
    "python3 -c 'import json, sys; "
    """print(json.load(sys.stdin)["data"]["login"]["accessToken"])'"""
)


def first_screen(
    url: str, application: Application, settings: Settings, sign_ins: Sequence[DemoSignIn]
) -> str:
    """Return what the first start prints: where to look, as whom to sign in, what to paste.

    Args:
        url: where the server listens.
        application: what it serves.
        settings: say where its state is, and whether there is a console.
        sign_ins: the demo accounts; the last one is refused.
    """
    width = max(len(each.person.email) for each in sign_ins)
    lines = [
        _entry("GraphiQL", _link(f"{url}/graphql")),
        *([_entry("Console", _link(f"{url}/console/"))] if settings.console else ()),
        _entry("Schema", f"{application.name}  {click.style(str(application.file), dim=True)}"),
        _entry("Data folder", str(settings.data_dir.absolute())),
        "",
        click.style("Sign in as", bold=True),
        *(f"  {each.person.email:{width}}  {each.password}" for each in sign_ins),
        "",
        *(_lessons(f"{url}/graphql", sign_ins[-1]) if _has_lessons(application) else ()),
    ]
    return "\n".join(lines)


def graphiql_page(application: Application, sign_ins: Sequence[DemoSignIn]) -> Page:
    """Build the GraphiQL page, with the demo accounts to sign in as and three tabs."""
    variables = json.dumps(_login_variables(sign_ins[-1]), indent=2)
    tabs = [
        Tab(_laid_out(LOGIN_TAB), variables),
        Tab(_laid_out(ME)),
        Tab(_laid_out(FORBIDDEN)),
    ]
    return page(
        endpoint="/graphql",
        demo_accounts=[
            DemoAccount(each.person.name, each.person.email, each.password) for each in sign_ins
        ],
        tabs=tabs if _has_lessons(application) else [],
    )


def _laid_out(document: str) -> str:
    """Return a document on as many lines as it takes to read it."""
    return print_ast(parse(document))


def _has_lessons(application: Application) -> bool:
    """Whether the schema has the accounts' root fields; one of strangers need not."""
    return application.schema.rules.fields.keys() >= {
        "Mutation.login",
        "Query.me",
        "Query.auditEvents",
    }


def _entry(label: str, value: str) -> str:
    return f"{click.style(f'{label:12}', bold=True)} {value}"


def _link(url: str) -> str:
    return click.style(url, fg="cyan", underline=True)


def _lessons(endpoint: str, who: DemoSignIn) -> Iterator[str]:
    yield click.style("Paste", bold=True)
    email = who.person.email
    login = _curl(endpoint, LOGIN, _login_variables(who))
    bearer = """-H "Authorization: Bearer $TOKEN\""""
    roles = [{"name": role} for role in who.person.roles]
    me = {"data": {"me": {"email": email, "roles": roles}}}
    yield from _lesson(
        f"1. Sign in as {email}:",
        f'TOKEN=$({login} | {READ_LOGIN}); echo "$TOKEN"',
        "eyJ… (the access token)",
    )
    yield from _lesson("2. Ask who you are:", f"{_curl(endpoint, ME)} {bearer}; echo", _compact(me))
    yield from _lesson(
        "3. Ask for what is not yours:",
        f"{_curl(endpoint, FORBIDDEN)} {bearer} -w ' %{{http_code}}'; echo",
        '{"errors":[{"message":"You may not use Query.auditEvents. …"code":"FORBIDDEN",…}}]} 403',
    )


def _lesson(title: str, command: str, answer: str) -> tuple[str, ...]:
    return (f"  # {title}", command, click.style(f"  # -> {answer}", fg="green"), "")


def _curl(endpoint: str, query: str, variables: Any = None) -> str:
    body = {"query": query} | ({"variables": variables} if variables else {})
    json_type = "-H 'Content-Type: application/json'"
    return f"curl -s {endpoint} {json_type} -d {shlex.quote(_compact(body))}"


def _login_variables(who: DemoSignIn) -> dict[str, Any]:
    return {"input": {"email": who.person.email, "password": who.password}}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))

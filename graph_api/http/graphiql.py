"""GraphiQL: served by ourselves, whole, so that it fetches nothing from outside.

Its files are built by ``graphiql/`` at the root of the repository and shipped in the package. The
console shows it to whoever is signed in. The page of a ``dev`` server knows the demo accounts'
passwords; ``serve`` never serves that.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from graph_api.http.built import answer

STATIC_PATH = "/graphiql/static"

_NAMES = ("graphiql.js", "graphiql.css", "page.css", "LICENSES.txt")

_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{css}">
<link rel="stylesheet" href="{page_css}">
<script type="application/json" id="config">{config}</script>
<script type="module" src="{js}"></script>
</head>
<body>
<div id="page"><noscript>GraphiQL needs JavaScript.</noscript></div>
</body>
</html>
"""

# The dialogs' scroll lock (react-remove-scroll) makes a style element: it has the nonce. Whatever
# else sets styles does it through the CSSOM, which `style-src` does not restrict.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "connect-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class DemoAccount:
    """An account that the page signs in with one click.

    Attributes:
        label: what the button says, such as ``Admin``.
        email: the account's address.
        password: sent to every visitor of the page, so an account of ``dev`` only.
    """

    label: str
    email: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Tab:
    """A tab that the page opens with; it is called what its operation is called.

    Attributes:
        query: a document whose operation has a name: GraphiQL shows it as the tab's title.
        variables: a JSON object as text, or nothing.
        headers: a JSON object as text, or nothing.
    """

    query: str = field(repr=False)
    variables: str = field(default="", repr=False)
    headers: str = field(default="", repr=False)


class Page(NamedTuple):
    """What to answer: the document, and its ``Content-Security-Policy``, which belong together."""

    html: str
    csp: str


def page(*, endpoint: str, demo_accounts: Sequence[DemoAccount], tabs: Sequence[Tab]) -> Page:
    """Build the page for one answer; its nonce is fresh, so don't keep it.

    Args:
        endpoint: the path that operations are POSTed to, on the page's own origin.
        demo_accounts: whom the visitor may sign in as with one click.
        tabs: what is open on the first visit. A visitor's own tabs stay afterwards, until
            accounts or tabs are others: those of another data folder hide nothing.

    Returns:
        The HTML document and the policy that it works under (CSP level 3).
    """
    nonce = secrets.token_urlsafe(16)
    told = {
        "endpoint": endpoint,
        "accounts": [asdict(account) for account in demo_accounts],
        "tabs": [asdict(tab) for tab in tabs],
    }
    config = _script_json(told | {"scope": _digest(_script_json(told).encode()), "nonce": nonce})
    html = _HTML.format(
        css=address("graphiql.css"),
        page_css=address("page.css"),
        js=address("graphiql.js"),
        config=config,
    )
    return Page(html, _CSP.format(nonce=nonce))


@get(STATIC_PATH + "/{name:str}", include_in_schema=False, sync_to_thread=False)
def static_file(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Answer one of the files; the names are known, so no path is ever made of a request.

    Raises:
        NotFoundException: it is none of them.
    """
    if name not in _NAMES:
        raise NotFoundException
    return answer(request, name, _content(name), is_final=True)


@cache
def address(name: str) -> str:
    """Return where a file is found. The address changes with its bytes."""
    return f"{STATIC_PATH}/{name}?v={_digest(_content(name))}"


@cache
def _content(name: str) -> bytes:
    return (files("graph_api.http") / "static" / "graphiql" / name).read_bytes()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _script_json(value: dict[str, Any]) -> str:
    """JSON that can stand in a script element: nothing in it ends the element or opens a comment.

    See HTML, section 4.12.1.3, 'Restrictions for contents of script elements'.
    """
    return json.dumps(value).replace("<", r"\u003c")

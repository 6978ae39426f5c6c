"""What pages of strangers try with the browsers of our users, each named by where it is told.

Against the whole server, with somebody signed in whose cookie the browser would send along. What
Chromium itself does is in ``tests/e2e/test_browser_session.py``.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.api import Client
from tests.browser import LOGIN, LOGOUT, REFRESH, Browser

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite"], indirect=True),
    pytest.mark.parametrize("server_settings", [{"allowed_origins": ("https://app.example.org",)}]),
]

EVIL = "https://evil.example"
LISTED = "https://app.example.org"
OURS = "http://localhost:8000"
DOCUMENTS = [
    pytest.param(LOGIN, id="login"),
    pytest.param(REFRESH, id="refresh"),
    pytest.param(LOGOUT, id="logout"),
    pytest.param(
        'mutation { register(input: {email: "e@example.com", password: "rather a long one"})'
        " { auth { expiresIn } } }",
        id="register",
    ),
    pytest.param('mutation { deleteUser(input: {userId: "usr_x"}) { deletedUserId } }', id="other"),
]
CREDENTIALS = {"input": {"email": "user@example.com", "password": "correct horse battery"}}
FORMS = {
    "text/plain": json.dumps({"query": LOGOUT}),
    "text/plain;charset=utf-8": json.dumps({"query": LOGOUT}),
    "application/x-www-form-urlencoded": urlencode({"query": LOGOUT}),
    "multipart/form-data; boundary=x": (
        '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n'
        f"{json.dumps({'query': LOGOUT})}\r\n--x--\r\n"
    ),
    "application/graphql": LOGOUT,
}


@pytest.fixture
async def victim(client: Client) -> Browser:
    """A browser with somebody signed in, who now looks at a stranger's page."""
    browser = Browser(client)
    await browser.log_in()
    return browser


async def _still_signed_in(victim: Browser) -> bool:
    victim.headers = {"Origin": OURS, "Graph-Api-Session": "cookie"}
    return bool((await victim.ask(REFRESH)).data["refresh"]["accessToken"])


async def _post(victim: Browser, content: str, **headers: str) -> httpx.Response:
    cookie = {"Cookie": f"__Host-Http-graph-api-refresh={victim.cookie}"}
    sent = {"Origin": EVIL, **cookie, **headers}
    return await victim.client.http.post("/graphql", content=content.encode(), headers=sent)


class TestSimpleRequests:
    """Fetch, section 2.2.2: what a page may send anywhere without a preflight."""

    @pytest.mark.parametrize("media_type", FORMS)
    async def test_cve_2024_47082_no_form_and_no_plain_text_is_read(
        self, victim: Browser, media_type: str
    ) -> None:
        """Strawberry took multipart by default, Apollo Server ``text/plain`` (CVE-2022-0001)."""
        for origin in (EVIL, OURS, LISTED):
            response = await _post(
                victim, FORMS[media_type], **{"Content-Type": media_type, "Origin": origin}
            )
            assert response.status_code == 415
        assert await _still_signed_in(victim)

    async def test_a_request_without_a_media_type_is_not_read(self, victim: Browser) -> None:
        """``fetch`` with a ``Blob`` of no type sends none, and no preflight."""
        response = await _post(victim, json.dumps({"query": LOGOUT}))
        assert response.status_code == 415
        assert await _still_signed_in(victim)

    async def test_graphql_cop_a_mutation_by_get_is_not_run(self, victim: Browser) -> None:
        answer = await victim.get(LOGOUT)
        assert answer.status == 405
        assert await _still_signed_in(victim)

    async def test_the_method_can_not_be_overridden(self, victim: Browser) -> None:
        response = await victim.client.http.get(
            "/graphql", params={"query": LOGOUT}, headers={"X-HTTP-Method-Override": "POST"}
        )
        assert response.status_code == 405


class TestOrigins:
    """OWASP, 'Cross-Site Request Forgery Prevention': standard headers, and Fetch Metadata."""

    @pytest.mark.parametrize("document", DOCUMENTS)
    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param({"Origin": EVIL}, id="a stranger"),
            pytest.param({"Origin": "null"}, id="a sandboxed frame, or a redirect"),
            pytest.param({"Origin": "http://localhost:4200"}, id="another port of this site"),
            pytest.param({"Origin": "http://evil.localhost:8000"}, id="a subdomain of this site"),
            pytest.param({"Origin": "https://localhost:8000"}, id="another scheme"),
            pytest.param({"Origin": f"{LISTED}.evil.example"}, id="a longer name"),
            pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site, no origin"),
            pytest.param({"Sec-Fetch-Site": "same-site"}, id="this site, no origin"),
            pytest.param(
                {"Origin": "http://localhost:4200", "Sec-Fetch-Site": "same-site"},
                id="this site, not listed",
            ),
        ],
    )
    async def test_no_page_of_a_stranger_sends_a_mutation(
        self, victim: Browser, document: str, headers: dict[str, str]
    ) -> None:
        for mode in ({}, {"Graph-Api-Session": "cookie"}):
            victim.headers = headers | mode
            answer = await victim.ask(document, CREDENTIALS)
            assert (answer.status, answer.code) == (403, "FORBIDDEN")
            assert answer.errors[0]["extensions"]["reason"] == "origin_not_allowed"
            assert answer.set_cookie is None
        assert await _still_signed_in(victim)

    @pytest.mark.parametrize("document", DOCUMENTS)
    async def test_who_sends_the_header_says_the_origin(
        self, victim: Browser, document: str
    ) -> None:
        for fetch_site in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
            victim.headers = {"Graph-Api-Session": "cookie"} | fetch_site
            assert (await victim.ask(document, CREDENTIALS)).status == 403
        assert await _still_signed_in(victim)

    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param({"Origin": OURS}, id="our page"),
            pytest.param({"Origin": LISTED, "Sec-Fetch-Site": "cross-site"}, id="a listed page"),
            pytest.param({"Sec-Fetch-Site": "same-origin"}, id="our page, an old browser"),
            pytest.param({}, id="a program"),
        ],
    )
    async def test_others_sign_in(self, victim: Browser, headers: dict[str, str]) -> None:
        """A listed origin is enough, be it on another site: it was listed for that."""
        victim.headers = headers
        assert (await victim.ask(LOGIN, CREDENTIALS)).data["login"]["accessToken"]

    async def test_rfc_6749_10_12_nobody_is_signed_in_as_the_attacker(
        self, victim: Browser
    ) -> None:
        victim.headers = {"Origin": EVIL, "Graph-Api-Session": "cookie"}
        before = victim.cookie
        assert (await victim.log_in("rival")).status == 403
        assert victim.cookie == before


class TestReading:
    """What a stranger's page can read of an answer."""

    async def test_portswigger_a_reflected_origin_is_not_trusted(self, victim: Browser) -> None:
        for origin in (EVIL, "null", f"{LISTED}.evil.example", "https://evilapp.example.org"):
            victim.headers = {"Origin": origin}
            answer = await victim.ask("{ me { id } }")
            assert "access-control-allow-origin" not in answer.response.headers

    async def test_a_listed_page_reads_answers_with_credentials(self, victim: Browser) -> None:
        victim.headers = {"Origin": LISTED}
        headers = (await victim.ask("{ me { id } }")).response.headers
        assert headers["access-control-allow-origin"] == LISTED
        assert headers["access-control-allow-credentials"] == "true"
        exposed = headers["access-control-expose-headers"].split(", ")
        assert {"WWW-Authenticate", "Retry-After"} <= set(exposed)

    async def test_dns_rebinding_another_name_is_421(self, victim: Browser) -> None:
        victim.headers = {"Host": "evil.example", "Origin": "http://evil.example"}
        for document in (LOGOUT, "{ me { id } }"):
            body = {"query": document}
            response = await victim.client.http.post("/graphql", json=body, headers=victim.headers)
            assert response.status_code == 421
        assert await _still_signed_in(victim)

    async def test_answers_are_kept_nowhere(self, victim: Browser) -> None:
        answer = await victim.ask(REFRESH)
        assert answer.response.headers["cache-control"] == "no-store"
        assert answer.response.headers["vary"] == "Authorization, Cookie, Origin, Accept"


class TestGet:
    async def test_it_needs_no_header(self, victim: Browser) -> None:
        response = await victim.client.http.get("/graphql", params={"query": "{ __typename }"})
        assert response.json() == {"data": {"__typename": "Query"}}

    async def test_xs_leaks_it_answers_no_one_in_particular(self, victim: Browser) -> None:
        """The cookie does not authenticate it, so there is nothing to find out by asking."""
        victim.headers = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
        signed_in = await victim.get("{ me { id } }")
        victim.cookie = None
        assert signed_in.response.content == (await victim.get("{ me { id } }")).response.content


class TestGraphqlCop:
    """The checks of dolevf/graphql-cop, which is not on PyPI, in the order of its report.

    It has two findings here, which stand. *Introspection*: 'shaped' shows to each caller what they
    could use, GRAPH_API_INTROSPECTION=off nothing. *GET Method Query Support*: GraphQL over HTTP
    has it; without credentials that a browser sends by itself, it is no request forgery.
    """

    async def _ask(self, victim: Browser, document: str) -> Any:
        victim.headers = {}
        return (await victim.ask(document)).body

    async def test_alias_overloading(self, victim: Browser) -> None:
        aliases = " ".join(f"alias{n}: __typename" for n in range(101))
        assert "data" not in await self._ask(victim, f"query cop {{ {aliases} }}")

    async def test_batch_queries(self, victim: Browser) -> None:
        batch = json.dumps([{"query": "query cop { __typename }"}] * 10)
        response = await _post(victim, batch, **{"Content-Type": "application/json"})
        assert response.status_code == 400

    async def test_directive_overloading(self, victim: Browser) -> None:
        body = await self._ask(victim, f"query cop {{ __typename {'@aa' * 10} }}")
        assert len(body["errors"]) == 6
        assert body["errors"][-1]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"

    async def test_circular_query_by_introspection(self, victim: Browser) -> None:
        nested = "fields { type { " * 4 + "name" + " } }" * 4
        body = await self._ask(victim, f"query cop {{ __schema {{ types {{ {nested} }} }} }}")
        assert "data" not in body

    async def test_circular_fragment(self, victim: Browser) -> None:
        body = await self._ask(
            victim, "{ __typename ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
        )
        assert "data" not in body

    async def test_field_duplication(self, victim: Browser) -> None:
        assert "data" not in await self._ask(victim, f"query cop {{ {'__typename ' * 500} }}")

    async def test_field_suggestions(self, victim: Browser) -> None:
        body = await self._ask(victim, "query cop { __schema { directive } }")
        assert "did you mean" not in json.dumps(body).lower()

    @pytest.mark.parametrize("path", ["/graphql", "/graphiql", "/playground", "/"])
    async def test_graphiql(self, victim: Browser, path: str) -> None:
        response = await victim.client.http.get(path, headers={"Accept": "text/html"})
        assert response.is_client_error
        assert "html" not in response.headers["content-type"]

    async def test_trace_mode_and_unhandled_errors(self, victim: Browser) -> None:
        for document in ("query cop { __typename }", "qwerty cop { abc }"):
            body = await self._ask(victim, document)
            assert not {"tracing", "exception", "stacktrace"} & set(_keys(body))

    async def test_post_based_csrf(self, victim: Browser) -> None:
        query = {"query": "query { __typename }"}
        http = victim.client.http
        assert (await http.post("/graphql", params=query)).status_code == 415
        assert (await http.post("/graphql", data=query)).status_code == 415


def _keys(body: Any) -> list[str]:
    if isinstance(body, list):
        return [key for each in body for key in _keys(each)]
    if isinstance(body, dict):
        return [*body, *(key for each in body.values() for key in _keys(each))]
    return []

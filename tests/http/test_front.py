"""What stands before the application: names, proxies, security headers, the access log's id."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, asgi, get
from litestar.exceptions import NotAuthorizedException
from litestar.types import Receive, Scope, Send
from structlog.testing import capture_logs

from graph_api.http.front import put_in_front
from graph_api.http.graphiql import Page
from graph_api.http.health import health_routes
from graph_api.http.plain import answer_plainly
from graph_api.settings import Settings
from tests import logs
from tests.http.serving import ISSUER, client, serve

pytestmark = pytest.mark.anyio

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@get("/whoami")
async def whoami(request: Request[Any, Any, Any]) -> dict[str, Any]:
    peer = request.client.host if request.client else None
    return {"address": peer, "scheme": request.scope["scheme"]}


@get("/broken")
async def broken() -> None:
    raise RuntimeError("canary")


def _serve(**options: Any) -> Litestar:
    settings = Settings(_env_file=None, **{"issuer": ISSUER} | options)
    app = Litestar([whoami, broken, *health_routes({})], openapi_config=None, logging_config=None)
    put_in_front(app, settings)
    return app


async def _get(path: str, peer: str = "203.0.113.9", **options: Any) -> httpx.Response:
    headers = options.pop("headers", {})
    async with client(_serve(**options), peer=peer) as api:
        return await api.get(path, headers=headers)


async def test_an_asgi_route_with_a_guard_is_guarded() -> None:
    def nobody(*_: Any) -> None:
        raise NotAuthorizedException

    @asgi("/guarded", guards=[nobody], copy_scope=False)
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        await answer_plainly(send, 200, "in")

    app = Litestar([guarded], openapi_config=None, logging_config=None)
    put_in_front(app, Settings(_env_file=None, issuer=ISSUER))
    async with client(app) as api:
        assert (await api.get("/guarded")).status_code == 401


class TestHosts:
    @pytest.mark.parametrize(
        "host",
        ["api.example.com", "API.Example.com:443", "api.example.com.", "localhost:8000",
         "127.0.0.1", "[::1]:8000"],
    )  # fmt: skip
    async def test_the_issuers_name_and_loopback_are_ours(self, host: str) -> None:
        assert (await _get("/whoami", headers={"Host": host})).status_code == 200

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "api.example.com.evil.example", "evil.example:443", "192.0.2.1",
         "api.example.com@evil.example", "", "[::2]"],
    )  # fmt: skip
    @pytest.mark.parametrize("path", ["/whoami", "/missing"])
    async def test_dns_rebinding_another_name_is_421(self, host: str, path: str) -> None:
        assert (await _get(path, headers={"Host": host})).status_code == 421

    async def test_two_names_are_nobodys(self) -> None:
        headers = [("Host", "api.example.com"), ("Host", "api.example.com")]
        assert (await _get("/whoami", headers=headers)).status_code == 421

    async def test_probes_come_by_address(self) -> None:
        assert (await _get("/health/live", headers={"Host": "10.1.2.3"})).status_code == 200

    async def test_listed_names_replace_the_default(self) -> None:
        options: dict[str, Any] = {"allowed_hosts": ("other.example",)}
        assert (await _get("/whoami", headers={"Host": "other.example"}, **options)).is_success
        assert (await _get("/whoami", headers={"Host": "api.example.com"}, **options)).is_error


class TestProxies:
    async def _seen(self, peer: str, headers: Any, trusted: Any = PROXIES) -> dict[str, str]:
        response = await _get("/whoami", peer, headers=headers, trusted_proxies=trusted)
        seen: dict[str, str] = response.json()
        return seen

    @pytest.mark.parametrize(
        ("peer", "forwarded", "address"),
        [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "192.0.2.66, nonsense", "10.0.0.1"),
            ("10.0.0.1", "nonsense, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
            ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
            ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
            ("fd00::1", "::ffff:198.51.100.1", "198.51.100.1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ],
    )
    async def test_the_address_is_the_rightmost_hop_that_is_no_trusted_proxy(
        self, peer: str, forwarded: str, address: str
    ) -> None:
        assert (await self._seen(peer, {"X-Forwarded-For": forwarded}))["address"] == address

    async def test_several_headers_are_one_list(self) -> None:
        headers = [("X-Forwarded-For", "192.0.2.66"), ("X-Forwarded-For", "198.51.100.1")]
        assert (await self._seen("10.0.0.1", headers))["address"] == "198.51.100.1"

    async def test_by_default_nobody_is_believed(self) -> None:
        headers = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "http"}
        seen = await self._seen("127.0.0.1", headers, trusted=())
        assert seen == {"address": "127.0.0.1", "scheme": "https"}

    @pytest.mark.parametrize(
        ("peer", "proto", "scheme"),
        [("10.0.0.1", "http", "http"), ("10.0.0.1", "https, HTTP", "http"),
         ("10.0.0.1", "javascript", "https"), ("203.0.113.9", "http", "https")],
    )  # fmt: skip
    async def test_the_scheme_is_the_trusted_proxys(
        self, peer: str, proto: str, scheme: str
    ) -> None:
        assert (await self._seen(peer, {"X-Forwarded-Proto": proto}))["scheme"] == scheme


class TestSecurityHeaders:
    @pytest.mark.parametrize("path", ["/whoami", "/missing", "/broken", "/health/live"])
    async def test_every_answer_has_them(self, path: str) -> None:
        headers = (await _get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert "server" not in headers

    async def test_refused_host_names_have_them_too(self) -> None:
        headers = (await _get("/", headers={"Host": "evil.example"})).headers
        assert headers["x-content-type-options"] == "nosniff"

    async def test_over_plain_http_nobody_is_told_to_use_https(self) -> None:
        headers = (await _get("/whoami", issuer="http://localhost:8000")).headers
        assert "strict-transport-security" not in headers

    async def test_an_error_shows_nothing_and_is_logged(self) -> None:
        with logs.capture_logs() as lines:
            response = await _get("/broken")
        assert response.status_code == 500
        assert "canary" not in response.text
        [failure] = [line for line in lines if line["levelname"] == "ERROR"]
        assert str(failure["exc_info"][1]) == "canary"

    async def test_a_failure_of_the_endpoint_has_them_shows_nothing_and_is_logged(self) -> None:
        def page() -> Page:
            raise RuntimeError("canary")

        with logs.capture_logs() as lines:
            async with client(serve(page)) as api:
                response = await api.get("/graphql", headers={"Accept": "text/html"})
        assert response.status_code == 500
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "canary" not in response.text
        [failure] = [line for line in lines if line["levelname"] == "ERROR"]
        assert str(failure["exc_info"][1]) == "canary"

    async def test_a_path_that_is_not_there_is_no_error(self) -> None:
        with capture_logs() as lines:
            await _get("/missing")
        assert {line["log_level"] for line in lines} == {"info"}


class TestRequestId:
    async def test_each_answer_has_its_own(self) -> None:
        first, second = (await _get("/whoami")).headers, (await _get("/missing")).headers
        assert len(first["x-request-id"]) == 32
        assert first["x-request-id"] != second["x-request-id"]

    @pytest.mark.parametrize(
        ("peer", "given", "kept"),
        [
            ("10.0.0.1", "0197-abc.DEF:9_x", True),
            ("203.0.113.9", "0197-abc.DEF:9_x", False),
            ("10.0.0.1", "short", False),
            ("10.0.0.1", "x" * 129, False),
            ("10.0.0.1", "new line?", False),
        ],
    )
    async def test_a_trusted_proxys_is_kept_if_it_is_well_formed(
        self, peer: str, given: str, kept: bool
    ) -> None:
        response = await _get(
            "/whoami", peer, headers={"X-Request-ID": given}, trusted_proxies=PROXIES
        )
        assert (response.headers["x-request-id"] == given) is kept

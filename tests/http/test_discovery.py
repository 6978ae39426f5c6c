"""Discovery: from the issuer's URL alone to the keys."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from litestar import Litestar

from graph_api.http.discovery import discovery_routes
from graph_api.settings import Settings
from tests.http.serving import client

pytestmark = pytest.mark.anyio

KEYS = {"keys": [{"kty": "EC", "kid": "one"}]}


async def _get(url: str, issuer: str = "https://api.example.com", **options: Any) -> httpx.Response:
    settings = Settings(_env_file=None, issuer=issuer, **options)
    app = Litestar(
        discovery_routes(settings, lambda: KEYS), openapi_config=None, logging_config=None
    )
    async with client(app) as api:
        return await api.get(url, headers={"Host": "evil.example"})


@pytest.mark.parametrize("document", ["openid-configuration", "oauth-authorization-server"])
async def test_the_document_is_built_from_the_issuer_never_from_the_host(document: str) -> None:
    response = await _get(f"/.well-known/{document}", signing_algorithm="EdDSA")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "public, max-age=300"
    assert "evil" not in response.text
    content = response.json()
    assert content["issuer"] == "https://api.example.com"
    assert content["jwks_uri"] == "https://api.example.com/.well-known/jwks.json"
    assert content["id_token_signing_alg_values_supported"] == ["EdDSA"]
    required_by_rfc_8414 = {"issuer", "response_types_supported"}
    required_by_openid = {"jwks_uri", "subject_types_supported"}
    assert content.keys() >= required_by_rfc_8414 | required_by_openid


async def test_the_keys_are_those_of_the_moment() -> None:
    response = await _get("/.well-known/jwks.json")
    assert response.json() == KEYS
    assert response.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize(
    "location",
    [
        "/.well-known/oauth-authorization-server/accounts/eu",
        "/.well-known/openid-configuration/accounts/eu",
        "/accounts/eu/.well-known/openid-configuration",
        "/.well-known/openid-configuration",
    ],
    ids=["RFC 8414 3.1", "RFC 8414 5", "OpenID 4", "behind a proxy that takes the path away"],
)
async def test_an_issuer_with_a_path_is_found_where_each_rule_looks(location: str) -> None:
    issuer = "https://api.example.com/accounts/eu"
    content = (await _get(location, issuer)).json()
    assert content["issuer"] == issuer
    keys = await _get(content["jwks_uri"].removeprefix("https://api.example.com"), issuer)
    assert keys.json() == KEYS

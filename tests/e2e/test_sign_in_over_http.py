"""The whole way over real HTTP, as a newcomer walks it with curl, and as others verify it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from tests.cli.terminal import Terminal
from tests.e2e import node
from tests.e2e.serving import EMAIL, PASSWORD, listening, require, serving

LOGIN = """
mutation Login($input: LoginInput!) {
  login(input: $input) { accessToken refreshToken expiresIn user { email roles { name } } }
}
"""
REFRESH = """
mutation Refresh($token: String!) {
  refresh(input: {refreshToken: $token}) { accessToken refreshToken }
}
"""
ME = "{ me { email roles { name } } }"
FORBIDDEN = "{ auditEvents { nodes { action } } }"
REALM = 'Bearer realm="graph-api"'
CREDENTIALS = {"input": {"email": EMAIL, "password": PASSWORD}}


def _curl(
    url: str, query: str, variables: Any = None, bearer: str | None = None
) -> tuple[int, str | None, dict[str, Any]]:
    """Post an operation; return status, challenge and body."""
    command = ["curl", "--silent", "--show-error", "--max-time", "30", f"{url}/graphql"]
    command += ["--header", "Content-Type: application/json"]
    command += ["--data", json.dumps({"query": query, "variables": variables})]
    command += ["--header", f"Authorization: Bearer {bearer}"] if bearer else []
    command += ["--write-out", "\n%{http_code} %header{www-authenticate}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    body, _, last = done.stdout.rpartition("\n")
    status, _, challenge = last.partition(" ")
    return int(status), challenge or None, json.loads(body)


def _login(url: str) -> dict[str, Any]:
    answer = httpx.post(f"{url}/graphql", json={"query": LOGIN, "variables": CREDENTIALS})
    assert answer.status_code == 200, answer.text
    auth: dict[str, Any] = answer.json()["data"]["login"]
    return auth


def test_login_me_a_forbidden_field_expiry_refresh_me(issuer: str) -> None:
    require("curl")
    status, _, body = _curl(issuer, LOGIN, CREDENTIALS)
    auth = body["data"]["login"]
    assert (status, auth["expiresIn"]) == (200, 10)
    assert auth["user"] == {"email": EMAIL, "roles": [{"name": "user"}]}
    expired_at = time.monotonic() + auth["expiresIn"] + 1

    me = {"data": {"me": auth["user"]}}
    assert _curl(issuer, ME, bearer=auth["accessToken"]) == (200, None, me)

    status, challenge, body = _curl(issuer, FORBIDDEN, bearer=auth["accessToken"])
    assert (status, challenge) == (403, f'{REALM}, error="insufficient_scope"')
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert _curl(issuer, FORBIDDEN)[:2] == (401, REALM)

    time.sleep(max(0.0, expired_at - time.monotonic()))  # the one real wait of the suite
    status, challenge, body = _curl(issuer, ME, bearer=auth["accessToken"])
    assert (status, challenge) == (401, f'{REALM}, error="invalid_token"')
    assert body["errors"][0]["extensions"]["reason"] == "token_expired"

    status, _, body = _curl(
        issuer, REFRESH, {"token": auth["refreshToken"]}, bearer=auth["accessToken"]
    )
    renewed = body["data"]["refresh"]
    assert status == 200
    assert _curl(issuer, ME, bearer=renewed["accessToken"]) == (200, None, me)


@pytest.fixture
def two_servers(site: Terminal) -> Iterator[list[str]]:
    """Two processes on one database, under one issuer, that count as many refreshes as come."""
    site.env |= {"GRAPH_API_REFRESH_LIMIT": "1000/1m", "GRAPH_API_ACCESS_TOKEN_TTL": "300"}
    with (
        listening() as (first, url),
        listening() as (second, other_url),
        serving(site, first, url),
        serving(site, second, url),
    ):
        yield [url, other_url]


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_many_refreshes_of_one_token_at_two_servers_rotate_once_and_agree(
    two_servers: list[str], site: Terminal
) -> None:
    auth = _login(two_servers[0])
    answers = anyio.run(_refresh_at_once, two_servers, auth["refreshToken"], 240)
    assert [body for status, body in answers if status != 200 or "errors" in body] == []
    pairs = [body["data"]["refresh"] for _, body in answers]
    assert len({pair["refreshToken"] for pair in pairs}) == 1
    assert pairs[0]["refreshToken"] != auth["refreshToken"]
    rotations = site.paste("graph-api audit list --action refresh --json")
    assert len(json.loads(rotations.stdout)) == 1, rotations.stderr
    for url in two_servers:
        bearer = {"Authorization": f"Bearer {pairs[-1]['accessToken']}"}
        me = httpx.post(f"{url}/graphql", json={"query": ME}, headers=bearer).json()
        assert me["data"]["me"]["email"] == EMAIL


async def _refresh_at_once(urls: list[str], token: str, times: int) -> list[tuple[int, Any]]:
    answers: list[tuple[int, Any]] = []
    limits = httpx.Limits(max_connections=times)
    async with httpx.AsyncClient(limits=limits, timeout=60) as http:

        async def refresh(url: str) -> None:
            operation = {"query": REFRESH, "variables": {"token": token}}
            answer = await http.post(f"{url}/graphql", json=operation)
            answers.append((answer.status_code, answer.json()))

        async with anyio.create_task_group() as group:
            for number in range(times):
                group.start_soon(refresh, urls[number % len(urls)])
    return answers


def _discover(issuer: str) -> KeySet:
    """Return the keys, knowing nothing but the issuer's URL."""
    documents = []
    for name in ("openid-configuration", "oauth-authorization-server"):
        found = httpx.get(f"{issuer}/.well-known/{name}").raise_for_status().json()
        assert found["issuer"] == issuer
        documents.append(found)
    assert documents[0] == documents[1]
    return KeySet.import_key_set(httpx.get(documents[0]["jwks_uri"]).raise_for_status().json())


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_joserfc_verifies_an_access_token_from_the_issuers_url_alone(issuer: str) -> None:
    access_token = _login(issuer)["accessToken"]
    keys = _discover(issuer)
    token = jwt.decode(access_token, keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": issuer},
        exp={"essential": True},
        client_id={"essential": True, "value": "graph-api"},
        roles={"essential": True, "value": ["user"]},
    ).validate(token.claims)
    assert all(set(key) >= {"kid", "alg", "use"} for key in keys.as_dict()["keys"])
    assert not any("d" in key for key in keys.as_dict()["keys"])
    header, claims, signature = access_token.split(".")
    with pytest.raises(BadSignatureError):
        jwt.decode(f"{header}.{claims[:-4]}AAAA.{signature}", keys, algorithms=["ES256"])


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_jose_verifies_an_access_token_from_the_issuers_url_alone(
    issuer: str, tmp_path: Path
) -> None:
    program = tmp_path / "jose"
    program.mkdir()
    node.install("jose", program)
    verified = subprocess.run(
        ["node", "verify.js", issuer],
        cwd=program,
        input=_login(issuer)["accessToken"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    claims = json.loads(verified.stdout)
    assert (claims["iss"], claims["client_id"], claims["roles"]) == (issuer, "graph-api", ["user"])
    assert claims["sub"].startswith("usr_")

"""A browser in which a page of ours is open: what it sends by itself, and the cookie it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graph_api.http.cookies import NAME
from graph_api.testing import Answer
from tests.accounts.world import PASSWORD
from tests.api import Client, email

LOGIN = """
mutation Login($input: LoginInput!) { login(input: $input) { accessToken refreshToken } }
"""
REFRESH = """
mutation Refresh($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }
"""
LOGOUT = "mutation Logout($input: LogoutInput) { logout(input: $input) { endedSessionIds } }"


@dataclass
class Browser:
    """A page of the issuer's own origin, which asks for a session in a cookie.

    Attributes:
        client: the way to the server.
        headers: what the page and the browser send with each request.
        cookie: the refresh token that the browser keeps, None without.
    """

    client: Client
    headers: Mapping[str, str] = field(
        default_factory=lambda: {"Origin": "http://localhost:8000", "Graph-Api-Session": "cookie"}
    )
    cookie: str | None = None

    async def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, **headers: str
    ) -> Answer:
        """Post a document, and do with the cookie as the answer says."""
        body = {"query": document, "variables": variables}
        sent = {**self.headers, **headers, **self._cookies()}
        answer = Answer(await self.client.http.post("/graphql", json=body, headers=sent))
        if answer.set_cookie is not None:
            name, _, value = answer.set_cookie.partition(";")[0].partition("=")
            assert name == NAME
            self.cookie = value or None
        self.client.http.cookies.clear()
        return answer

    async def get(self, document: str) -> Answer:
        """Ask by GET."""
        sent = {**self.headers, **self._cookies()}
        response = await self.client.http.get("/graphql", params={"query": document}, headers=sent)
        return Answer(response)

    async def log_in(self, person: str = "user", password: str = PASSWORD) -> Answer:
        return await self.ask(LOGIN, {"input": {"email": email(person), "password": password}})

    def _cookies(self) -> dict[str, str]:
        return {"Cookie": f"theme=dark; {NAME}={self.cookie}"} if self.cookie else {}

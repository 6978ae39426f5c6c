"""A drill: what a script in the page can carry away, by where the tokens are kept.

The console's policy keeps a smuggled script from running at all, so the drill switches it off. What
such a script can do while the page is open, it can do with any storage.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.consoles import Site, Visitor, fill_in, sign_out, site, visitor

__all__ = ["site", "visitor"]

# All that a script can read without doing anything: what it would send home.
LOOT = """
async () => JSON.stringify([
  {...localStorage},
  {...sessionStorage},
  document.cookie,
  await indexedDB.databases(),
  await caches.keys(),
  Object.keys(window).map(name => { try { return String(window[name]) } catch { return "" } }),
  document.documentElement.outerHTML,
])
"""
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}])"
# What a script gets by asking, as the page itself does.
ASK_OTHER_TABS = """
() => new Promise(resolve => {
  const channel = new BroadcastChannel("graph-api-session")
  channel.onmessage = ({data}) => data.kind === "tokens" && resolve(data.tokens)
  channel.postMessage({kind: "ask"})
})
"""
REFRESH = "mutation Thief($input: RefreshInput) { refresh(input: $input) { accessToken } }"
ME = "query Thief { me { id } }"


def carried_away(site: Site, document: str, input_: Any, access_token: str = "") -> Any:
    """Use the loot on another machine, without the page."""
    body = {"query": document, "variables": {"input": input_} if input_ else None}
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    return httpx.post(f"{site.url}/graphql", json=body, headers=headers).json()


def keep_tokens_in(page: Page, storage: str) -> None:
    """Serve the console as somebody has built it who chose another storage."""

    def rebuild(route: Route) -> None:
        answer = route.fetch()
        text = answer.text()
        assert text.count("storage:`memory`") == 1
        route.fulfill(response=answer, body=text.replace("`memory`", f"`{storage}`", 1))

    page.route("**/console/main-*.js", rebuild)


@pytest.fixture
def victim(browser: Browser, site: Site) -> Any:
    context = browser.new_context(bypass_csp=True)
    yield Visitor(site, context)
    context.close()


def test_the_policy_lets_no_smuggled_script_run(visitor: Visitor) -> None:
    page = visitor.sign_in("user")
    page.evaluate(
        """() => {
          const script = document.createElement("script")
          script.append("window.smuggled = true")
          document.body.append(script)
        }"""
    )
    assert page.evaluate("window.smuggled") is None
    assert visitor.complaints
    visitor.complaints.clear()


def test_the_policy_lets_no_text_become_html(visitor: Visitor) -> None:
    """Trusted Types: the sinks of DOM XSS take no text."""
    page = visitor.sign_in("user")
    insert = "() => { try { document.body.innerHTML = '<img src=x onerror=alert(1)>' } catch (it) {"
    assert page.evaluate(insert + " return it.name } }") == "TypeError"
    visitor.complaints.clear()


def test_memory_nothing_outlives_the_page(victim: Visitor, site: Site) -> None:
    page = victim.sign_in("user")
    loot = page.evaluate(LOOT)
    assert "eyJ" not in loot
    assert "refreshToken" not in loot
    # By asking it gets an access token, which is good for what is left of five minutes.
    tokens = page.context.new_page()
    tokens.goto(f"{site.url}/console/icon.svg")
    stolen = tokens.evaluate(ASK_OTHER_TABS)
    assert stolen["refreshToken"] is None
    assert carried_away(site, ME, None, stolen["accessToken"])["data"]["me"]
    page.close()
    site.expire()
    refused = carried_away(site, ME, None, stolen["accessToken"])
    assert refused["errors"][0]["extensions"]["reason"] == "token_expired"


@pytest.mark.parametrize(("storage", "outlives_the_page"), [("session", False), ("local", True)])
def test_session_and_local_the_refresh_token_is_carried_away(
    victim: Visitor, site: Site, storage: str, outlives_the_page: bool
) -> None:
    page = victim.context.new_page()
    keep_tokens_in(page, storage)
    page.goto(f"{site.url}/console/sign-in")
    fill_in(page, "user")
    expect(sign_out(page)).to_be_visible()
    kept = json.loads(page.evaluate(f"{storage}Storage.getItem('graph-api-tokens')"))
    assert kept["refreshToken"] in page.evaluate(LOOT)
    page.close()
    # A script that comes later, in another tab, finds what `local` has left there.
    later = victim.context.new_page()
    later.goto(f"{site.url}/console/icon.svg")
    assert (kept["refreshToken"] in later.evaluate(STORED)) == outlives_the_page
    site.expire()
    assert carried_away(site, REFRESH, {"refreshToken": kept["refreshToken"]})["data"]["refresh"]

"""Being signed in to the console, in a real Chromium: what ends it, what doesn't, in which tab."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.world import PASSWORD
from tests.api import email
from tests.e2e.consoles import (
    Held,
    Site,
    Visitor,
    fill_in,
    follow,
    is_at,
    sign_out,
    site,
    visitor,
)

__all__ = ["site", "visitor"]

SIGN_IN = "/sign-in?returnUrl=%2Fprofile"
END_ALL = "mutation EndAll { logoutEverywhere { endedSessionIds } }"
GRANT = "mutation Grant($input: GrantRoleInput!) { grantRole(input: $input) { user { id } } }"
REVOKE = "mutation Revoke($input: RevokeRoleInput!) { revokeRole(input: $input) { user { id } } }"
ME = "query Me { me { id } }"
ROLES = "query Roles { roles { id name } }"
MISSING = "/nowhere"
"""A page that asks the server for nothing."""


def shows_profile_of(page: Page, person: str) -> None:
    expect(page.get_by_role("main")).to_contain_text(email(person))


def test_one_signs_in_and_comes_to_the_page_that_one_asked_for(visitor: Visitor) -> None:
    page = visitor.open("/profile")
    is_at(page, SIGN_IN)
    fill_in(page, "user")
    is_at(page, "/profile")
    shows_profile_of(page, "user")


def test_a_wrong_password_is_said_and_refreshes_nothing(visitor: Visitor, site: Site) -> None:
    # The page asks for its session when it starts; that one is not meant.
    with visitor.context.expect_event("response", lambda it: it.url.endswith("/graphql")):
        page = visitor.open("/sign-in")
    expect(page.get_by_label("E-mail")).to_be_focused()
    before = site.seen("Refresh")
    fill_in(page, "user", password="not the password")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_label("Password")).to_have_value("")
    assert site.seen("Refresh") == before
    fill_in(page, "user")
    is_at(page, "/profile")


def test_password_managers_know_the_fields(visitor: Visitor) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open("/sign-in")
    address, password = page.get_by_label("E-mail"), page.get_by_label("Password")
    expect(address).to_have_attribute("autocomplete", "username")
    expect(password).to_have_attribute("autocomplete", "current-password")
    address.fill(email("user"))
    password.evaluate("field => field.value = 'filled by a program, without a key'")
    page.evaluate("text => navigator.clipboard?.writeText(text)", PASSWORD)
    password.press("ControlOrMeta+A")
    password.press("ControlOrMeta+V")
    expect(password).to_have_value(PASSWORD)
    page.keyboard.press("Enter")
    is_at(page, "/profile")


@pytest.mark.parametrize(
    "back", ["//evil.test/", "https://evil.test/", "/\\evil.test", "javascript:alert(1)"]
)
def test_the_way_back_never_leaves_the_console(visitor: Visitor, site: Site, back: str) -> None:
    """CWE-601."""
    page = visitor.open(f"/sign-in?returnUrl={back}")
    fill_in(page, "user")
    is_at(page, "/profile")
    assert page.url.startswith(site.url)


def test_a_page_that_is_loaded_anew_is_still_signed_in(visitor: Visitor) -> None:
    page = visitor.sign_in("user")
    page.reload()
    shows_profile_of(page, "user")


def test_five_requests_in_flight_when_the_token_expires_make_one_refresh(
    visitor: Visitor, site: Site
) -> None:
    """One for each of five tabs, which all hear of the expiry at once."""
    visitor.sign_in("user")
    pages = [visitor.open(MISSING) for _ in range(5)]
    held = [Held(page, "Profile") for page in pages]
    for page in pages:
        follow(page, "Profile")
        expect(page.get_by_role("main")).to_contain_text("Loading")
    site.expire()
    before = site.seen("Refresh"), site.seen("Profile")
    assert [each.let_go() for each in held] == [1] * 5
    for page in pages:
        shows_profile_of(page, "user")
    assert site.seen("Refresh") == before[0] + 1
    assert site.seen("Profile") == before[1] + 10  # Each twice.


def test_a_second_tab_takes_the_token_of_the_first(visitor: Visitor, site: Site) -> None:
    visitor.sign_in("user")
    before = site.seen("Refresh")
    shows_profile_of(visitor.open("/profile"), "user")
    assert site.seen("Refresh") == before


def test_signing_in_in_one_tab_signs_in_the_others(visitor: Visitor) -> None:
    waiting = visitor.open("/sessions")
    is_at(waiting, "/sign-in?returnUrl=%2Fsessions")
    visitor.sign_in("user")
    is_at(waiting, "/sessions")


def test_a_tab_that_hangs_in_its_turn_does_not_make_the_others_hang(visitor: Visitor) -> None:
    visitor.sign_in("user").close()
    hanging = visitor.open("/icon.svg")
    taken = "() => new Promise(got => navigator.locks.request('graph-api-session', () => {"
    hanging.evaluate(taken + " got(); return new Promise(() => undefined) }))")
    page = visitor.context.new_page()
    page.clock.install()
    page.goto(f"{visitor.site.url}/console/profile")
    expect(page.get_by_role("link", name="graph-api")).to_be_visible()
    page.clock.fast_forward(10_000)
    shows_profile_of(page, "user")


def test_a_restart_of_the_server_signs_nobody_out(visitor: Visitor, site: Site) -> None:
    page = visitor.sign_in("user")
    follow(page, "Sessions")
    site.restart()
    follow(page, "Profile")
    shows_profile_of(page, "user")
    site.expire()
    page.reload()
    shows_profile_of(page, "user")


def test_a_session_that_was_ended_elsewhere_leads_to_the_sign_in_page_at_the_next_request(
    visitor: Visitor, site: Site
) -> None:
    page = visitor.sign_in("rival")
    other = visitor.open(MISSING)
    follow(page, "Sessions")
    site.ask(END_ALL, as_="rival")
    before = site.seen("Refresh")
    follow(page, "Profile")
    is_at(page, SIGN_IN)
    is_at(other, "/sign-in?returnUrl=%2Fnowhere")
    assert site.seen("Refresh") == before
    fill_in(page, "rival")
    is_at(page, "/profile")


def test_a_guard_refuses_a_plain_user_an_administrators_page(visitor: Visitor) -> None:
    page = visitor.sign_in("user")
    for path in ("/users", "/roles", "/permissions", "/audit"):
        page.goto(f"{visitor.site.url}/console{path}")
        is_at(page, "/forbidden")
    expect(page.get_by_role("navigation").get_by_role("listitem")).to_have_text(
        ["Profile", "Sessions", "GraphiQL"]
    )


def test_a_role_that_is_granted_meanwhile_is_there_after_the_next_refresh(
    visitor: Visitor, site: Site
) -> None:
    page = visitor.sign_in("editor")
    user_id = site.ask(ME, as_="editor")["me"]["id"]
    roles = {role["name"]: role["id"] for role in site.ask(ROLES, as_="admin")["roles"]}
    sent = {"input": {"userId": user_id, "roleId": roles["auditor"]}}
    audit = page.get_by_role("link", name="Audit trail")
    site.ask(GRANT, sent, as_="admin")
    expect(audit).to_be_hidden()
    site.expire()
    follow(page, "Sessions")
    follow(page, "Profile")
    expect(audit).to_be_visible()
    site.ask(REVOKE, sent, as_="admin")
    follow(page, "Sessions")
    follow(page, "Profile")
    expect(audit).to_be_hidden()  # The token was stale at once.


def test_offline_nobody_is_signed_out_and_it_goes_on_when_one_is_back(
    visitor: Visitor, site: Site
) -> None:
    page = visitor.sign_in("user")
    follow(page, "Sessions")
    site.expire()
    visitor.context.set_offline(True)
    expect(page.get_by_role("status")).to_contain_text("You are offline")
    follow(page, "Profile")
    expect(page.get_by_role("alert").first).to_contain_text("be reached")
    expect(sign_out(page)).to_be_visible()
    visitor.context.set_offline(False)
    expect(page.get_by_role("status")).not_to_contain_text("You are offline")
    page.get_by_role("button", name="Try again").first.click()
    shows_profile_of(page, "user")


def test_a_page_whose_code_cannot_be_fetched_says_so_and_is_there_once_it_can(
    visitor: Visitor,
) -> None:
    """Offline, or since the server has a newer build: the browser would ask in vain for ever."""
    page = visitor.sign_in("user")
    shows_profile_of(page, "user")
    visitor.context.set_offline(True)
    page.get_by_role("link", name="Sessions").click()
    expect(page.get_by_role("status")).to_contain_text("could not be fetched")
    shows_profile_of(page, "user")
    visitor.context.set_offline(False)
    page.get_by_role("link", name="Load it anew").click()
    is_at(page, "/sessions")
    expect(page.get_by_role("main")).to_contain_text("this device")
    assert all("dynamically imported module" in each for each in visitor.complaints)
    visitor.complaints.clear()


def test_signing_out_does_so_in_every_tab_and_ends_the_session(
    visitor: Visitor, site: Site
) -> None:
    page = visitor.sign_in("user")
    other = visitor.open("/profile")
    shows_profile_of(other, "user")
    with page.expect_response("**/graphql"):
        sign_out(page).click()
    is_at(page, "/sign-in")
    is_at(other, SIGN_IN)
    expect(other.get_by_role("main")).not_to_contain_text(email("user"))
    assert visitor.context.cookies() == []
    page.reload()
    expect(page.get_by_label("E-mail")).to_be_visible()
    expect(sign_out(page)).to_be_hidden()


def test_who_has_the_sign_in_page_open_and_is_signed_in_goes_on(visitor: Visitor) -> None:
    visitor.sign_in("user")
    is_at(visitor.open("/sign-in?returnUrl=/sessions"), "/sessions")


def test_another_person_who_signs_in_sees_nothing_of_the_first(visitor: Visitor) -> None:
    page = visitor.sign_in("user")
    other = visitor.open("/profile")
    sign_out(page).click()
    fill_in(page, "admin")
    shows_profile_of(page, "admin")
    shows_profile_of(other, "admin")
    expect(other.get_by_role("main")).not_to_contain_text(email("user"))

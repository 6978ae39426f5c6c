"""The screens of the console in a real Chromium: what each is for, and whether all can use it.

Pictures of each are left in ``build/screens``, in light, dark, and as wide as a telephone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

import axe_playwright_python  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import Error as PlaywrightError

from graph_api.accounts.audit import Action
from tests.accounts.world import PASSWORD
from tests.api import email
from tests.e2e.consoles import Held, Site, Visitor, fill_in, is_at, sign_out, site

__all__ = ["site"]

PICTURES = Path(__file__).parents[2] / "build" / "screens"
AXE = (files(axe_playwright_python) / "axe.min.js").read_text(encoding="utf-8")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}

THEIRS = [".graphiql-tab"]
"""What is not ours to mend: GraphiQL puts the button that closes a tab within it."""
VIOLATIONS = f"""
async options => (await axe.run({{exclude: {THEIRS}}}, options)).violations.map(it =>
  `${{it.id}}: ${{it.nodes.map(node => `${{node.html}} ${{node.failureSummary}}`).join(" | ")}}`)
"""
EVERYTHING: dict[str, object] = {}
CONTRAST: dict[str, object] = {"runOnly": ["color-contrast"]}
SCHEMES: dict[Literal["light", "dark"], dict[str, object]] = {
    "light": EVERYTHING,
    "dark": CONTRAST,  # What else axe looks at is the same in both.
}


@pytest.fixture(scope="module")
def admin(browser: Browser, site: Site) -> Iterator[Visitor]:
    """Return an administrator who has signed in; the tabs that tests open are closed after them."""
    yield from signed_in(browser, site, "admin")


@pytest.fixture(scope="module")
def user(browser: Browser, site: Site) -> Iterator[Visitor]:
    """Return somebody without permissions who has signed in."""
    yield from signed_in(browser, site, "user")


def signed_in(browser: Browser, site: Site, person: str) -> Iterator[Visitor]:
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]  # A plain dict will do.
    visitor = Visitor(site, context)
    visitor.sign_in(person)
    yield visitor
    context.close()
    assert visitor.complaints == []


@pytest.fixture
def stranger(browser: Browser, site: Site) -> Iterator[Visitor]:
    """Return somebody who has never been there."""
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]  # As above.
    visitor = Visitor(site, context)
    yield visitor
    context.close()
    assert visitor.complaints == []


def main(page: Page) -> Locator:
    return page.get_by_role("main")


def says(page: Page, sentence: str) -> None:
    """Expect a sentence in the banner."""
    expect(page.get_by_role("status").filter(has_text=sentence)).to_be_visible()


def confirm(page: Page, action: str) -> None:
    """Say yes to the question that is asked, by keyboard: the harmless answer comes first."""
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name=action)).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()


def look(page: Page, name: str) -> None:
    """Look at a page in light and dark and at 360 px; leave pictures."""
    page.evaluate(AXE)
    for scheme, rules in SCHEMES.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert page.evaluate(VIOLATIONS, rules) == [], scheme
        picture(page, f"{name}-{scheme}")
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]  # As above.
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    picture(page, f"{name}-narrow")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # As above.


def picture(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


# --- register ---


def test_one_registers_and_is_told_what_is_wrong_with_the_password(stranger: Visitor) -> None:
    page = stranger.open("/register?returnUrl=%2Fsessions")
    page.get_by_label("Name").fill("Nia")
    page.get_by_label("E-mail").fill("nia@example.com")
    password = page.get_by_label("Password")
    password.fill("short")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("12 characters")
    expect(password).to_have_attribute("aria-invalid", "true")
    look(page, "register")
    password.fill(PASSWORD)
    page.keyboard.press("Enter")
    is_at(page, "/sessions")
    expect(sign_out(page)).to_be_visible()


def test_the_sign_in_page_can_be_used_by_all(stranger: Visitor) -> None:
    page = stranger.open("/sign-in")
    fill_in(page, "user", password="wrong")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    look(page, "sign-in")


# --- profile ---


def test_a_new_name_is_saved(user: Visitor) -> None:
    page = user.open("/profile")
    page.get_by_label("Name").fill("Una")
    page.keyboard.press("Enter")
    says(page, "Your name is saved.")
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("Una")
    expect(main(page)).to_contain_text(email("user"))
    look(page, "profile")


def test_a_changed_password_ends_the_sessions_of_other_devices_only(
    stranger: Visitor, site: Site
) -> None:
    page = stranger.sign_in("rival")
    current, new = page.get_by_label("Current password"), page.get_by_label("New password")
    current.fill("not the password")
    new.fill("another long password")
    page.keyboard.press("Enter")
    expect(main(page).get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    expect(current).to_be_focused()
    current.fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    says(page, "Your password is changed.")
    expect(current).to_have_value("")
    site.expire()
    page.reload()
    expect(main(page)).to_contain_text(email("rival"))


# --- sessions ---


def test_one_ends_another_session_and_this_device_is_marked(user: Visitor, site: Site) -> None:
    site.ask("query Me { me { id } }", as_="user")
    page = user.open("/sessions")
    own = page.get_by_role("listitem").filter(has_text="this device")
    expect(own).to_have_count(1)
    expect(own.get_by_role("button")).to_have_count(0)
    other = page.get_by_role("listitem").filter(has_text="python-httpx").first
    look(page, "sessions")
    other.get_by_role("button", name="End the session of python-httpx").click()
    says(page, "The session is ended.")
    expect(main(page)).to_be_focused()
    expect(other).to_contain_text("ended")


def test_all_sessions_end_at_once_after_a_question(stranger: Visitor) -> None:
    page = stranger.sign_in("editor", "/sessions")
    page.get_by_role("button", name="End all").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="End all")).to_be_focused()
    page.keyboard.press("Enter")
    look(page, "confirm")
    with page.expect_response(lambda it: "mutation Logout" in (it.request.post_data or "")):
        confirm(page, "End all")
    is_at(page, "/sign-in")
    assert stranger.context.cookies() == []


# --- users ---


@pytest.fixture(scope="module")
def crowd(site: Site) -> None:
    """Make more users than a page has, without passwords that anybody could use."""
    create = (
        "mutation Crowd($input: CreateUserInput!) { createUser(input: $input) { user { id } } }"
    )
    with site.program("admin") as ask:
        for number in range(15):
            sent = {"email": f"crowd{number:02}@crowd.test", "password": f"{PASSWORD} {number}"}
            ask(create, {"input": sent})


def people(page: Page) -> Locator:
    return main(page).get_by_role("listitem")


@pytest.mark.usefixtures("crowd")
def test_users_are_searched_filtered_and_paged(admin: Visitor) -> None:
    page = admin.open("/users")
    expect(people(page)).to_have_count(20)
    look(page, "users")
    page.get_by_role("link", name="Next").click()
    expect(people(page).filter(has_text=email("admin"))).to_be_visible()
    page.get_by_role("link", name="Previous").click()
    expect(people(page).first).to_contain_text("crowd14")
    page.get_by_label("Name or e-mail").fill("crowd0")
    page.keyboard.press("Enter")
    expect(page.get_by_text("10 users")).to_be_visible()
    page.reload()
    expect(people(page)).to_have_count(10)
    expect(page.get_by_label("Name or e-mail")).to_have_value("crowd0")
    page.get_by_label("Role").select_option("editor")
    expect(main(page)).to_contain_text("Nobody is like that")
    look(page, "users-empty")
    page.get_by_role("link", name="Show all").click()
    expect(people(page)).to_have_count(20)


def test_an_administrator_creates_disables_enables_and_deletes_a_user(admin: Visitor) -> None:
    page = admin.open("/users/new")
    page.get_by_label("E-mail").fill("not an address@")
    page.get_by_label("E-mail").evaluate("field => field.type = 'text'")
    page.get_by_label("Name").fill("Newton")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("checkbox", name="support").check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert")).to_contain_text("no e-mail address")
    look(page, "new-user")
    page.get_by_label("E-mail").fill("newton@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Newton")).to_be_visible()
    expect(main(page)).to_contain_text("session:write")
    page.get_by_role("button", name="Disable").click()
    confirm(page, "Disable")
    says(page, "The account is disabled.")
    expect(main(page).get_by_text("disabled", exact=True)).to_be_visible()
    page.get_by_role("button", name="Enable").click()
    says(page, "The account is enabled.")
    page.get_by_role("button", name="Delete").click()
    confirm(page, "Delete")
    says(page, "The account is deleted.")
    is_at(page, "/users")


def test_roles_are_granted_and_taken_away_and_sessions_of_others_ended(
    admin: Visitor, site: Site
) -> None:
    site.ask("query Me { me { id } }", as_="author")
    page = admin.open(f"/users?search={email('author')}")
    people(page).get_by_role("link").click()
    editor = page.get_by_role("checkbox", name="editor")
    expect(page.get_by_role("checkbox", name="author")).to_be_checked()
    editor.focus()
    page.keyboard.press("Space")
    says(page, "The role is granted.")
    expect(main(page)).to_contain_text("article:publish")
    look(page, "user")
    editor.uncheck()
    says(page, "The role is taken away.")
    expect(main(page)).not_to_contain_text("article:publish")
    page.get_by_role("button", name="End the session of python-httpx").first.click()
    says(page, "The session is ended.")
    expect(main(page)).to_be_focused()


def test_what_is_refused_is_said_and_the_box_shows_what_is_so(admin: Visitor) -> None:
    page = admin.open(f"/users?search={email('admin')}")
    people(page).get_by_role("link").click()
    box = page.get_by_role("checkbox", name="admin")
    box.click()
    expect(page.get_by_role("alert").filter(has_text="last enabled admin")).to_be_visible()
    expect(box).to_be_checked()


def test_who_may_only_look_is_shown_no_buttons_and_asks_for_nothing_hidden(
    stranger: Visitor, site: Site
) -> None:
    page = stranger.sign_in("support", f"/users?search={email('editor')}")
    expect(page.get_by_role("link", name="Create a user")).to_have_count(0)
    site.recorder.failed.clear()
    people(page).get_by_role("link").click()
    expect(page.get_by_role("heading", name="Roles")).to_be_visible()
    assert site.seen("User")
    assert "User" not in site.recorder.failed
    for name in ("Disable", "Delete", "Save"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)


# --- roles ---


def test_a_role_is_made_given_permissions_and_deleted(admin: Visitor, site: Site) -> None:
    page = admin.open("/roles")
    page.get_by_label("Name").fill("Not a name")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert").filter(has_text="content-editor")).to_be_visible()
    page.get_by_label("Name").fill("helper")
    page.get_by_label("What it is for").fill("Helps.")
    page.keyboard.press("Enter")
    own = page.get_by_role("checkbox", name="helper: session:read")
    own.focus()
    page.keyboard.press("Space")
    included = page.get_by_role("checkbox", name="helper: all that editor grants")
    included.check()
    expect(page.get_by_label("helper: article:publish, through editor")).not_to_be_checked()
    expect(page.get_by_text("2 changes")).to_be_visible()
    look(page, "roles")
    page.get_by_role("button", name="Discard").click()
    expect(own).not_to_be_checked()
    own.check()
    included.check()
    page.get_by_role("button", name="Save the changes").click()
    says(page, "The roles are saved.")
    expect(page.get_by_role("button", name="Save the changes")).to_be_disabled()
    page.reload()
    expect(own).to_be_checked()
    held = "query R { roles { name permissions includes { name } } }"
    helper = [role for role in site.ask(held, as_="admin")["roles"] if role["name"] == "helper"]
    assert helper[0]["permissions"] == ["session:read"]
    assert helper[0]["includes"] == [{"name": "editor"}]
    page.get_by_role("textbox", name="What helper is for").fill("Helps others.")
    page.keyboard.press("Enter")
    says(page, "The role is described.")
    described = "query D { roles { name description } }"
    assert {"name": "helper", "description": "Helps others."} in site.ask(described, as_="admin")[
        "roles"
    ]
    page.get_by_role("button", name="Delete helper").click()
    confirm(page, "Delete")
    says(page, "The role is deleted.")
    expect(own).to_have_count(0)


def test_what_a_role_may_not_become_is_said_and_stays_to_be_changed(admin: Visitor) -> None:
    page = admin.open("/roles")
    page.get_by_role("checkbox", name="editor: all that author grants").check()
    page.get_by_role("checkbox", name="author: all that editor grants").check()
    page.get_by_role("button", name="Save the changes").click()
    expect(page.get_by_role("alert").filter(has_text="include itself")).to_be_visible()
    expect(page.get_by_text("1 change", exact=True)).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("checkbox", name="author: all that editor grants").uncheck()
    page.get_by_role("button", name="Save the changes").click()
    says(page, "The roles are saved.")


def test_nobody_loses_by_a_click_what_they_have_not_saved(admin: Visitor) -> None:
    page = admin.open("/users")
    page.get_by_role("link", name="Roles").click()
    box = page.get_by_role("checkbox", name="editor: user:read", exact=True)
    box.check()
    page.get_by_role("link", name="Profile").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    is_at(page, "/roles")
    expect(box).to_be_checked()
    page.on("dialog", lambda asked: asked.dismiss())
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    page.go_back()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    is_at(page, "/roles")
    page.go_back()
    confirm(page, "Leave")
    is_at(page, "/users")
    page.get_by_role("link", name="Roles").click()
    expect(box).not_to_be_checked()


def test_who_is_signed_out_with_changes_that_are_not_saved_is_asked_nothing(
    stranger: Visitor,
) -> None:
    page = stranger.sign_in("admin", "/roles")
    page.get_by_role("checkbox", name="editor: user:read", exact=True).check()
    sign_out(page).click()
    is_at(page, "/sign-in")


def test_permissions_are_found_by_what_they_allow(admin: Visitor) -> None:
    page = admin.open("/roles")
    permissions = main(page).get_by_role("rowheader")
    expect(permissions.filter(has_text="user:read")).to_be_visible()
    page.get_by_label("Find a permission").fill("drafts")
    expect(permissions.first).to_have_text("article:review")
    page.get_by_label("Find a permission").fill("nothing of the kind")
    expect(main(page)).to_contain_text("There is no such permission.")


# --- audit trail ---


@pytest.mark.usefixtures("crowd")
def test_what_happened_is_filtered_and_paged(admin: Visitor, stranger: Visitor) -> None:
    fill_in(stranger.open("/sign-in"), "user", password="wrong")
    page = admin.open("/audit")
    expect(people(page)).to_have_count(25)
    offered = page.locator("datalist option").evaluate_all("them => them.map(it => it.value)")
    assert offered == list(get_args(Action))
    look(page, "audit")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("link", name="Previous")).to_be_visible()
    page.get_by_label("What happened").fill("sign_in_failed")
    page.keyboard.press("Enter")
    expect(people(page).filter(has_text="sign_in_failed").first).to_contain_text("refused")
    expect(people(page).filter(has_not_text="sign_in_failed")).to_have_count(0)
    page.get_by_label("How it ended").select_option("done")
    expect(main(page)).to_contain_text("Nothing like that has happened.")
    look(page, "audit-empty")
    page.get_by_role("link", name="Show all").click()
    expect(people(page)).to_have_count(25)
    page.get_by_label("To, that day included").fill("2029-12-01")
    page.keyboard.press("Enter")
    expect(page.get_by_text("0 events")).to_be_visible()


def test_who_did_it_is_a_link_to_all_that_they_did(admin: Visitor) -> None:
    page = admin.open("/audit?action=user_created")
    people(page).get_by_role("link", name=email("admin")).first.click()
    expect(page.get_by_label("Id of who did it")).to_have_value(re.compile("^usr_"))
    expect(people(page).filter(has_text="user_created").first).to_be_visible()


def test_names_of_people_are_asked_for_by_those_only_who_may_see_them(
    stranger: Visitor, site: Site
) -> None:
    role = "mutation Role($input: CreateRoleInput!) { createRole(input: $input) { role { id } } }"
    user = "mutation New($input: CreateUserInput!) { createUser(input: $input) { user { id } } }"
    with site.program("admin") as ask:
        made = ask(role, {"input": {"name": "reader", "permissions": ["audit:read"]}})
        role_id = made["createRole"]["role"]["id"]
        sent = {"email": email("reader"), "password": PASSWORD, "roleIds": [role_id]}
        ask(user, {"input": sent})
    site.recorder.failed.clear()
    page = stranger.sign_in("reader", "/audit?action=user_created")
    expect(people(page).first).to_contain_text("usr_")
    expect(people(page).filter(has_text=email("admin"))).to_have_count(0)
    assert site.seen("AuditEvents")
    assert "AuditEvents" not in site.recorder.failed


# --- permissions ---


def test_who_may_use_what_is_found_by_field_and_by_rule(admin: Visitor) -> None:
    page = admin.open("/permissions")
    rows = main(page).get_by_role("rowheader")
    email_row = main(page).get_by_role("row").filter(has=page.get_by_text("User.email", exact=True))
    expect(email_row.get_by_role("cell").first).to_have_text("no")
    expect(email_row.get_by_role("cell").nth(1)).to_have_text("by object")
    expect(email_row.get_by_role("cell").nth(2)).to_have_text("yes")
    expect(rows.filter(has_text="User.name")).to_have_count(0)
    page.get_by_label("Find").fill("audit:read actor")
    expect(rows).to_have_count(2)
    look(page, "permissions")
    page.get_by_label("Find").fill("User.name")
    expect(main(page)).to_contain_text("There is no such rule.")
    page.get_by_label("Also what is open").check()
    expect(rows).to_have_count(1)
    page.get_by_label("Find").fill("")
    expect(page.get_by_role("columnheader", name="editor")).to_be_in_viewport()
    picture(page, "permissions-all")


# --- GraphiQL ---


def write(page: Page, document: str) -> None:
    """Write a document in place of what is there."""
    page.get_by_role("region", name="Query Editor").locator(".CodeMirror").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(document)


def result(page: Page) -> Locator:
    return page.get_by_role("region", name="Result Window")


def test_operations_run_as_the_one_who_is_signed_in(user: Visitor) -> None:
    page = user.open("/graphiql")
    write(page, "{ me { id permissions } }")
    page.keyboard.press("Control+Enter")
    expect(result(page)).to_contain_text('"permissions": []')
    write(
        page,
        "query Mine { me { id } } query All($no: Int = 1) { users(first: $no) { totalCount } }",
    )
    expect(page.get_by_role("tab", name="Mine")).to_be_visible()
    page.get_by_role("button", name="Execute query").click()
    page.get_by_role("menuitem", name="All").click()
    expect(result(page)).to_contain_text('"FORBIDDEN"')
    look(page, "graphiql")
    write(page, "{")
    page.keyboard.press("Control+Enter")
    expect(result(page)).to_contain_text('"GRAPHQL_PARSE_FAILED"')
    page.get_by_role("button", name="Show Documentation Explorer").click()
    page.get_by_role("link", name="Query", exact=True).click()
    docs = page.get_by_role("region", name="Documentation Explorer")
    expect(docs).to_contain_text("node(id: ID!): Node")
    expect(docs).not_to_contain_text("auditEvents")
    look(page, "graphiql-docs")


def test_what_is_sent_from_graphiql_with_an_expired_token_is_sent_again(
    user: Visitor, site: Site
) -> None:
    page = user.open("/graphiql")
    write(page, "query Late { me { id } }")
    site.expire()
    before = site.seen("Refresh")
    page.keyboard.press("Control+Enter")
    expect(result(page)).to_contain_text('"id": "usr_')
    assert (site.seen("Refresh"), site.seen("Late")) == (before + 1, 2)


def test_the_keyboard_leaves_the_editor_of_graphiql(user: Visitor) -> None:
    """WCAG 2.1.2; CodeMirror would indent."""
    page = user.open("/graphiql")
    write(page, "{ me { id } }")
    focused = page.locator(".CodeMirror :focus")
    expect(focused).to_have_count(1)
    page.keyboard.press("Tab")  # What scrolls, can be scrolled by keyboard.
    page.keyboard.press("Tab")
    expect(focused).to_have_count(0)


def test_what_one_has_written_in_graphiql_is_kept_for_nobody_else(
    browser: Browser, site: Site
) -> None:
    context = browser.new_context()
    visitor = Visitor(site, context)
    page = visitor.sign_in("user", "/graphiql")
    editor = page.get_by_role("region", name="Query Editor")
    write(page, "query Mine { me { id } }")
    page.get_by_role("link", name="Sessions").click()
    is_at(page, "/sessions")
    page.get_by_role("link", name="GraphiQL").click()
    expect(editor).to_contain_text("query Mine")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    sign_out(page).click()
    fill_in(page, "editor")
    page.get_by_role("link", name="GraphiQL").click()
    expect(editor).to_contain_text("query Me ")
    assert visitor.complaints == []
    context.close()


def test_html_that_graphiql_shows_is_sanitized(user: Visitor) -> None:
    """Trusted Types; elsewhere in the console no string becomes HTML at all."""
    hostile = """() => {
      const element = document.createElement('div');
      element.innerHTML = '<b onclick="alert(1)">bold</b><script>alert(1)</script>';
      return element.innerHTML;
    }"""
    page = user.open("/profile")
    with pytest.raises(PlaywrightError, match="TrustedHTML"):
        page.evaluate(hostile)
    user.complaints.clear()
    page = user.open("/graphiql")
    expect(page.get_by_role("region", name="Query Editor")).to_be_visible()
    assert page.evaluate(hostile) == "<b>bold</b>"
    user.complaints.clear()


# --- what all pages do ---


@pytest.mark.parametrize(
    ("path", "title"), [("/users", "Not for you"), ("/nowhere", "no such page")]
)
def test_who_comes_where_nothing_is_for_them_is_told_so(
    user: Visitor, path: str, title: str
) -> None:
    page = user.open(path)
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    look(page, title.replace(" ", "-").lower())


def test_what_was_done_is_said_until_one_goes_elsewhere(user: Visitor) -> None:
    page = user.open("/profile")
    page.get_by_label("Name").fill("Una")
    page.keyboard.press("Enter")
    says(page, "Your name is saved.")
    page.get_by_role("navigation").get_by_role("link", name="Sessions").click()
    expect(page.get_by_text("Your name is saved.")).to_have_count(0)


def test_a_page_says_that_it_waits_and_that_it_got_no_answer(user: Visitor) -> None:
    page = user.open("/nowhere")
    expect(sign_out(page)).to_be_visible()
    held = Held(page, "Sessions")
    page.get_by_role("navigation").get_by_role("link", name="Sessions").click()
    expect(main(page)).to_contain_text("Loading")
    look(page, "loading")
    held.let_go()
    expect(main(page)).to_contain_text("this device")


def test_offline_is_said_and_one_can_try_again(user: Visitor) -> None:
    page = user.open("/profile")
    expect(main(page)).to_contain_text(email("user"))
    page.get_by_role("link", name="Sessions").click()
    expect(main(page)).to_contain_text("this device")
    user.context.set_offline(True)
    says(page, "You are offline")
    page.get_by_role("link", name="Profile").click()
    expect(page.get_by_role("alert").filter(has_text="be reached")).to_be_visible()
    look(page, "offline")
    user.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(main(page)).to_contain_text(email("user"))

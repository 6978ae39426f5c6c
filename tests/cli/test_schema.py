"""``graph-api schema``: who may use what, how one comes there, and what a change opens."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Terminal
from tests.project.checkout import ROOT

OURS = ("--app-dir", str(ROOT))
GUARD = "directive @guard(rule: String!) on FIELD_DEFINITION\n"
OLD = GUARD + 'type Query { a: Int @guard(rule: "role(a)")  b: Int }\n'
WIDER = OLD.replace("role(a)", "authenticated")
TYPESCRIPT = ROOT / "graphiql" / "node_modules" / ".bin" / "tsc"


def write(terminal: Terminal, **files: str) -> None:
    for name, text in files.items():
        (terminal.folder / f"{name}.graphql").write_text(text)


class TestPermissions:
    def test_a_table_has_a_column_for_each_declared_role(self, ours: Terminal) -> None:
        heading, *lines = ours.do("schema", "permissions", *OURS).splitlines()
        columns = "anonymous signed in admin auditor author editor support user"
        assert heading.split() == ["coordinate", "rule", *columns.split()]
        [notes] = [line for line in lines if line.startswith("Article.notes ")]
        expected = "no  by object  yes  by object  by object  yes  by object  by object"
        assert re.split(r"\s{2,}", notes)[2:] == expected.split("  ")

    def test_json_says_the_same(self, ours: Terminal) -> None:
        for arguments in (("--json",), ("--format", "json")):
            rows = json.loads(ours.do("schema", "permissions", *arguments, *OURS))
            [notes] = [row for row in rows if row["coordinate"] == "Article.notes"]
            assert notes["rule"] == "permission(article:review) | owns"
            assert notes["access"]["editor"] == "allowed"
            assert notes["access"]["author"] == "depends_on_object"
            assert notes["access"]["anonymous"] == "denied"

    def test_markdown_can_be_kept_in_a_file(self, ours: Terminal) -> None:
        arguments = ("--format", "markdown", "--output", "permissions.md")
        assert ours.do("schema", "permissions", *arguments, *OURS) == ""
        text = (ours.folder / "permissions.md").read_text()
        assert (
            "| `ArticleStatus.WITHDRAWN` | `permission(article:review)` | no | no | yes |" in text
        )

    def test_admin_holds_every_permission_of_an_application_too(self, ours: Terminal) -> None:
        rows = json.loads(ours.do("schema", "permissions", "--json", *OURS))
        assert "denied" not in {row["access"]["admin"] for row in rows}

    def test_the_page_fetches_nothing_and_allows_itself_nothing_else(self, ours: Terminal) -> None:
        page = ours.do("schema", "permissions", "--format", "html", *OURS)
        assert not re.search(r"https?:|//|\burl\(|@import|\bsrc=|\bhref=", page)
        assert "default-src 'none'; style-src 'sha256-" in page
        assert not re.search(r"\son\w+=|\sstyle=", page)
        assert "permission(article:review) | owns" in unescape(page)


class TestReach:
    def test_it_prints_the_smallest_sets_and_the_roads(self, ours: Terminal) -> None:
        assert ours.do("schema", "reach", "AuditEvent.action", *OURS) == (
            "AuditEvent.action has the rule: permission(audit:read)\n\n"
            "Open for:\n"
            "  - permission(audit:read)\n\n"
            "Roads:\n"
            "  Query.node > AuditEvent.action\n"
            "    - permission(audit:read)\n"
        )

    def test_the_sign_in_is_a_road_on_which_another_is_judged(self, ours: Terminal) -> None:
        found = ours.json("schema", "reach", "User.email", *OURS)
        assert found["rule"] == "permission(user:read) | self(id)"
        assert found["sets"][0] == ["permission(user:read)"]
        assert [road["steps"] for road in found["roads"]] == [
            ["Query.me", "User.email"],
            ["Mutation.login", "AuthPayload.user", "User.email"],
        ]

    def test_fewer_roads_can_be_asked_for(self, ours: Terminal) -> None:
        text = ours.do("schema", "reach", "User.email", "--roads", "1", *OURS)
        assert "… and 1 more: see --roads." in text
        assert "Mutation.login" not in text

    def test_a_typing_error_is_answered_with_the_nearest_name(self, ours: Terminal) -> None:
        assert "Did you mean User.email?" in ours.refuse("schema", "reach", "User.emial", *OURS)


class TestDiff:
    def run(self, terminal: Terminal, *arguments: str, typed: str = "") -> tuple[int, Any]:
        result = terminal.run("schema", "diff", *arguments, "--json", typed=typed)
        return result.exit_code, json.loads(result.stdout)

    def test_what_opens_something_is_told_and_fails(self, terminal: Terminal) -> None:
        write(terminal, old=OLD, new=WIDER)
        code, changes = self.run(terminal, "old.graphql", "new.graphql")
        assert code == 1
        assert changes == [
            {
                "change": "opens",
                "coordinate": "Query.a",
                "for": [["authenticated", "without role(a)"]],
                "old": "role(a)",
                "new": "authenticated",
                "onward": [],
            }
        ]

    def test_what_only_closes_passes(self, terminal: Terminal) -> None:
        write(terminal, old=WIDER, new=OLD)
        code, [change] = self.run(terminal, "old.graphql", "new.graphql")
        assert (code, change["change"]) == (0, "closes")

    def test_the_same_schema_has_no_difference(self, terminal: Terminal) -> None:
        write(terminal, old=OLD)
        text = terminal.do("schema", "diff", "old.graphql", "old.graphql")
        assert text == "Nothing is opened, and nothing is closed.\n"

    def test_people_read_a_line_for_each_change(self, terminal: Terminal) -> None:
        write(terminal, old=OLD, new=WIDER + "type A { x: Int } extend type Query { c: A }")
        result = terminal.run("schema", "diff", "old.graphql", "new.graphql")
        cells = [re.split(r"\s{2,}", line.strip()) for line in result.stdout.splitlines()]
        assert cells == [
            ["change", "coordinate", "for", "old", "new"],
            ["opens", "A.x", "everyone", "none"],
            ["opens", "Query.a", "authenticated & without role(a)", "role(a)", "authenticated"],
            ["opens", "Query.c", "everyone", "none"],
        ]

    def test_the_old_one_may_come_from_git_and_the_new_one_is_what_is_served(
        self, ours: Terminal
    ) -> None:
        exported = ours.do("schema", "export", *OURS)
        assert self.run(ours, "-", *OURS, typed=exported) == (0, [])
        closed = exported.replace("| owns", "& owns")
        code, changes = self.run(ours, "-", *OURS, typed=closed)
        assert (code, {change["coordinate"] for change in changes}) == (1, {"Article.notes"})

    def test_ours_is_the_committed_one(self, ours: Terminal) -> None:
        arguments = (str(ROOT / "schema.graphql"), *OURS)
        assert self.run(ours, *arguments) == (0, [])

    @pytest.mark.parametrize(
        ("old", "why"),
        [
            ("nowhere.graphql", "can't be read"),
            ("broken.graphql", "no schema"),
            ("wrong.graphql", "'role\\(a' is no rule"),
        ],
    )
    def test_what_can_not_be_read_is_neither_opened_nor_closed(
        self, terminal: Terminal, old: str, why: str
    ) -> None:
        write(terminal, new=OLD, broken="type", wrong=OLD.replace("role(a)", "role(a"))
        sentence = terminal.refuse("schema", "diff", old, "new.graphql", code=2)
        assert re.search(f"{old}.*{why}", sentence)

    def test_an_application_that_can_not_be_imported_is_no_difference(
        self, terminal: Terminal
    ) -> None:
        write(terminal, old=OLD)
        arguments = ("old.graphql", "--schema", "nowhere:schema")
        assert "no module nowhere" in terminal.refuse("schema", "diff", *arguments, code=2)

    def test_only_one_comes_from_stdin(self, terminal: Terminal) -> None:
        assert "stdin" in terminal.refuse("schema", "diff", "-", "-", code=2)


class TestTypeScript:
    def test_roles_permissions_and_rules_are_constants_and_types(self, ours: Terminal) -> None:
        text = ours.do("schema", "export", "--typescript", *OURS)
        constants = dict(re.findall(r"export const (\w+) = (.*?) as const;", text, re.DOTALL))
        assert json.loads(constants["roles"]) == [
            "admin", "auditor", "author", "editor", "support", "user"]  # fmt: skip
        assert "article:publish" in json.loads(constants["permissions"])
        rules = json.loads(constants["rules"])
        assert rules["Article.notes"] == "permission(article:review) | owns"
        assert rules["Query.articles(includeDrafts:)"] == "permission(article:review)"
        types = ["Role", "Permission", "Grant", "Coordinate"]
        assert re.findall(r"export type (\w+) = ", text) == types

    @pytest.mark.skipif(
        not TYPESCRIPT.exists() or shutil.which("node") is None,
        reason="TypeScript is not there: `npm ci` in graphiql/ brings it",
    )
    def test_the_compiler_takes_what_is_right_and_refuses_what_is_wrong(
        self, ours: Terminal
    ) -> None:
        ours.do("schema", "export", "--typescript", "-o", "permissions.ts", *OURS)
        imported = 'import { rules, type Grant, type Role } from "./permissions";\n'
        right = 'const role: Role = "editor"; const grant: Grant = "permission(user:read)";\n'
        used = 'export const all = [role, grant, rules["User.email"]];\n'
        assert self.compiles(ours.folder, imported + right + used)
        assert not self.compiles(ours.folder, imported + right.replace("editor", "edtor") + used)
        assert not self.compiles(ours.folder, imported + right.replace("user:read", "x:y") + used)

    def compiles(self, folder: Path, text: str) -> bool:
        (folder / "use.ts").write_text(text)
        options = ["--noEmit", "--strict", "--target", "es2022", "--types", ""]
        command = [str(TYPESCRIPT), *options, "--ignoreConfig", "use.ts"]
        return subprocess.run(command, cwd=folder, check=False).returncode == 0

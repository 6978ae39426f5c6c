"""docs/settings.md says what the settings are."""

from __future__ import annotations

from graph_api.settings import Settings
from tests.project.checkout import text
from tests.project.settings_table import page


def test_every_setting_has_a_description() -> None:
    fields = Settings.model_fields.items()
    assert [name for name, field in fields if not field.description] == []


def test_the_page_lists_every_setting_as_it_is() -> None:
    assert text("docs/settings.md") == page()

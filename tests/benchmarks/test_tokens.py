"""``python -m benchmarks tokens``: a bearer that was verified before costs a part of the first."""

import json
from pathlib import Path

from click.testing import CliRunner

from benchmarks.__main__ import main


def test_a_token_that_was_verified_before_is_cheap(tmp_path: Path) -> None:
    options = ["tokens", "--rounds", "1", "--json", "--results", str(tmp_path)]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    measured = json.loads(result.stdout.splitlines()[-1])
    assert list(measured) == ["ES256", "RS256", "EdDSA", "HS256"]
    assert all(0 < microseconds < 50 for microseconds in measured.values())

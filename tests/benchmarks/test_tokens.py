"""``python -m benchmarks tokens``: a bearer that was verified before costs a part of the first."""

import json

from click.testing import CliRunner

from benchmarks.__main__ import main


def test_a_token_that_was_verified_before_is_cheap() -> None:
    result = CliRunner().invoke(main, ["tokens", "--quick", "--json"], catch_exceptions=False)
    measured = json.loads(result.stdout.splitlines()[-1])
    assert list(measured) == ["ES256", "RS256", "EdDSA", "HS256"]
    assert all(0 < microseconds < 50 for microseconds in measured.values())

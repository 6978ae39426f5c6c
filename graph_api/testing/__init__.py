"""What those who build on graph-api test with; docs/testing.md shows it.

A client that signs in as a role, what is decided about a field or an operation, and who may use
what as it is committed. For pytest there is :mod:`graph_api.testing.plugin`.
"""

from graph_api.testing.client import Answer, TestClient
from graph_api.testing.decisions import assert_allowed, assert_denied
from graph_api.testing.matrix import assert_matrix

__all__ = ["Answer", "TestClient", "assert_allowed", "assert_denied", "assert_matrix"]

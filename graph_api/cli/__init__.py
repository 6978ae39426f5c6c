"""The ``graph-api`` command: one file a command group."""

from graph_api.cli.main import main

__all__ = ["main"]

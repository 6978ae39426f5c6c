"""``python -m graph_api`` is the ``graph-api`` command."""

from graph_api.cli import main

if __name__ == "__main__":
    main(prog_name="graph-api")

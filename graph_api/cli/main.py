"""The command group, and how an error becomes one sentence and an exit code.

Exit codes: 0 done, 1 refused or failed, 2 called wrongly.
"""

from __future__ import annotations

from typing import Any

import rich_click as click

from graph_api.cli.audit import audit
from graph_api.cli.doctor import doctor
from graph_api.cli.explain import explain
from graph_api.cli.keys import keys
from graph_api.cli.migrate import migrate
from graph_api.cli.output import examples
from graph_api.cli.roles import roles
from graph_api.cli.schema import schema
from graph_api.cli.serving import dev, serve
from graph_api.cli.users import users
from graph_api.errors import ConfigurationError, GraphApiError


class OneSentence(click.RichGroup):
    """A group that tells what went wrong in one sentence on stderr, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an expected error ends with its message."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            asked = (error.ctx or ctx).command_path
            click.echo(f"Error: {error.format_message()} Try `{asked} --help`.", err=True)
            ctx.exit(error.exit_code)
        except (ConfigurationError, GraphApiError) as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(1)


@click.group(
    cls=OneSentence,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "graph-api dev                         # start here, on embedded SQLite",
        "graph-api migrate && graph-api serve  # in production",
        "graph-api doctor                      # what is wrong, and how to mend it",
    ),
)
@click.version_option(package_name="graph-api", prog_name="graph-api")
def main() -> None:
    """A GraphQL API with JWT authorization.

    Settings are read from GRAPH_API_* in the environment and in .env.
    """


for command in (dev, serve, migrate, users, roles, keys, schema, explain, audit, doctor):
    main.add_command(command)

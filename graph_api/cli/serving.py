"""``graph-api dev`` and ``graph-api serve``: the server, for oneself and for strangers."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import rich_click as click
import structlog
import uvicorn
from litestar import Litestar
from typing_extensions import override
from uvicorn.supervisors import Multiprocess
from watchfiles import PythonFilter, run_process
from watchfiles.main import FileChange

from graph_api import observability
from graph_api.accounts import Accounts, demo
from graph_api.accounts.demo import DemoSignIn
from graph_api.app import create_app
from graph_api.cli.checks import ADVICE, Finding, Site, assignment, examine
from graph_api.cli.configuration import (
    Application,
    application_options,
    dev_secret,
    load_application,
    read_settings,
)
from graph_api.cli.database import open_database
from graph_api.cli.migrate import apply, lacks_migration
from graph_api.cli.output import examples
from graph_api.cli.welcome import first_screen, graphiql_page
from graph_api.errors import ConfigurationError
from graph_api.http.wire import WholeAnswers
from graph_api.settings import LOOPBACK_HOSTS, PREFIX, Settings

BACKLOG = 2048
"""Connections that may wait to be accepted."""
GRACE = 30
"""Seconds that requests get to end when ``serve`` stops."""

_log = structlog.get_logger("graph_api.cli")

port_option = click.option(
    "--port", type=click.IntRange(0, 65_535), default=8_000, show_default=True, help="0: any."
)


def _loopback(ctx: click.Context, param: click.Parameter, host: str) -> str:
    if host not in LOOPBACK_HOSTS:
        raise click.BadParameter(
            "dev shows passwords to whoever asks, so it listens on loopback only: use "
            "`graph-api serve` for others."
        )
    return host


@click.command(
    epilog=examples(
        "graph-api dev",
        "graph-api dev --port 8001",
        "graph-api dev --schema shop.api:schema --app-dir src",
    )
)
@click.option("--host", default="127.0.0.1", show_default=True, callback=_loopback)
@port_option
@application_options
@click.option("--no-reload", is_flag=True, help="Go on when a file changes.")
def dev(*, host: str, port: int, schema: str | None, app_dir: Path, no_reload: bool) -> None:
    """Serve for yourself: demo accounts, GraphiQL, a new start when a file changes."""
    settings = read_settings(mode="dev", schema_path=schema)
    application = load_application(settings.schema_path, app_dir)
    with listen(host, port) as listener:
        url = f"http://localhost:{listener.getsockname()[1]}"
        settings = _dev_settings(settings, url)
        sign_ins = asyncio.run(_prepare(settings, application))
        click.echo(first_screen(url, application, settings, sign_ins))
        changes = "goes on as it is" if no_reload else "starts again"
        click.secho(f"Ctrl-C stops. When a file changes, the server {changes}.", dim=True)
        sys.stdout.flush()
        arguments = (settings, application.name, app_dir, sign_ins, listener)
        if no_reload:
            _run_dev(*arguments)
        else:
            _reload(app_dir, arguments)


@click.command(
    epilog=examples(
        "graph-api migrate && graph-api serve",
        "graph-api serve --host 0.0.0.0 --port 80 --workers 4",
        "graph-api serve --uds /run/graph-api.sock  # behind a proxy on this machine",
        "graph-api serve --fd 3                     # a socket that systemd has opened",
    )
)
@click.option("--host", default="127.0.0.1", show_default=True)
@port_option
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on a Unix socket.")
@click.option("--fd", type=click.IntRange(0), help="Listen on a socket that is open already.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True)
@application_options
def serve(
    *,
    host: str,
    port: int,
    uds: Path | None,
    fd: int | None,
    workers: int,
    schema: str | None,
    app_dir: Path,
) -> None:
    """Serve for others: refuse to start with anything that is not safe."""
    settings = read_settings(mode="serve", schema_path=schema)
    application = load_application(settings.schema_path, app_dir)
    asyncio.run(_require_safe(Site(settings, application), workers))
    observability.configure(settings.mode, settings.log_level)
    with listen(host, port, uds=uds, fd=fd) as listener:
        _log.info("listening", address=_address(listener), workers=workers)
        for coordinate, rule in application.schema.rules.trials.items():
            _log.warning("trial: denies nobody yet", coordinate=coordinate, rule=rule.rule)
        factory = partial(_production_app, settings, application.name, app_dir)
        config = _config(factory, workers=workers, timeout_graceful_shutdown=GRACE)
        if workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            _run(config, listener)
    if uds:
        uds.unlink(missing_ok=True)


def listen(
    host: str, port: int, *, uds: Path | None = None, fd: int | None = None
) -> socket.socket:
    """Return a socket that listens; ``fd`` goes before ``uds``, and that before host and port.

    Raises:
        ConfigurationError: naming the option to change.
    """
    try:
        if fd is not None:
            return socket.socket(fileno=fd)
        if uds is not None:
            return _listen_on_path(uds)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(_why_not(error, host, port, uds, fd)) from None


def _listen_on_path(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True) if path.is_socket() else None
    listener.bind(str(path))
    path.chmod(0o666)  # as a port on loopback: a proxy under another user may connect
    listener.listen(BACKLOG)
    return listener


def _why_not(error: OSError, host: str, port: int, uds: Path | None, fd: int | None) -> str:
    if fd is not None:
        return f"--fd {fd} is no open socket: {error.strerror}."
    if uds is not None:
        return f"--uds {uds} can't be listened on: {error.strerror}."
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken: choose another one with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} is for the superuser: choose one above 1023 with --port."
    return f"--host {host} can't be listened on: {error.strerror}."


def _dev_settings(settings: Settings, url: str) -> Settings:
    """Fill in what ``dev`` needs and nobody has set."""
    secret = None
    if not settings.secret_key.get_secret_value():
        secret = dev_secret(settings.data_dir)
    return read_settings(
        mode="dev",
        schema_path=settings.schema_path,
        issuer=settings.issuer or url,
        secret_key=secret,
    )


async def _prepare(settings: Settings, application: Application) -> list[DemoSignIn]:
    async with open_database(settings, create=True) as database:
        await apply(database, application)
        accounts = Accounts.build(settings, database)
        if any(row.made_by == "serve" for row in await accounts.keystore.list_keys()):
            raise ConfigurationError(
                "`graph-api serve` works with this database, and dev would put accounts with known "
                f"passwords into it: set another {PREFIX}DATABASE_URL."
            )
        await accounts.keystore.load()
        sign_ins = await demo.ensure(accounts)
        if application.demo_data is not None:
            async with database.read() as session:
                users = await demo.ids(session)
            await application.demo_data(database, users)
        return sign_ins


async def _bring_up_to_date(settings: Settings, application: Application) -> None:
    """Apply a migration that was just written; say when one is still to be."""
    async with open_database(settings) as database:
        await apply(database, application)
        if await lacks_migration(database, application):
            click.echo(
                "Your tables and the database differ: run "
                '`graph-api migrate --new "what you changed"`.',
                err=True,
            )


def _reload(app_dir: Path, arguments: tuple[Any, ...]) -> None:
    logging.getLogger("watchfiles").setLevel(logging.ERROR)
    with suppress(KeyboardInterrupt):
        run_process(
            app_dir,
            target=_run_dev,
            args=arguments,
            watch_filter=PythonFilter(),
            callback=_announce,
        )


def _announce(changes: set[FileChange]) -> None:
    names = sorted({Path(path).name for _, path in changes})
    more = f" and {len(names) - 3} more files" if len(names) > 3 else ""
    click.echo(f"{', '.join(names[:3])}{more} changed: starting again.", err=True)


def _run_dev(
    settings: Settings,
    name: str,
    app_dir: Path,
    sign_ins: Sequence[DemoSignIn],
    listener: socket.socket,
) -> None:
    """Serve until a signal comes; a schema that is wrong is one sentence, not a traceback."""
    with _ending_quietly():
        observability.configure("dev", settings.log_level)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        try:
            application = load_application(name, app_dir)
            asyncio.run(_bring_up_to_date(settings, application))
            app = _app(settings, application, page=partial(graphiql_page, application, sign_ins))
        except ConfigurationError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)
        _run(_config(app, timeout_graceful_shutdown=1), listener)


@contextmanager
def _ending_quietly() -> Iterator[None]:
    """End without a traceback when told to, also while importing; once told, be told no more."""
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _production_app(settings: Settings, name: str, app_dir: Path) -> Litestar:
    """Build the application within a worker."""
    observability.configure(settings.mode, settings.log_level)
    return _app(settings, load_application(name, app_dir))


def _app(settings: Settings, application: Application, **options: Any) -> Litestar:
    return create_app(application.schema, settings, migrations=application.migrations, **options)


class _Server(uvicorn.Server):
    """Stops when it is told to, once for all, and returns."""

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Ctrl-C reaches this process twice: from the terminal, and from the one that reloads.
        self.should_exit = True


def _config(app: Any, **options: Any) -> uvicorn.Config:
    """Return how uvicorn serves: proxies, logs and headers are the application's own affair."""
    return uvicorn.Config(
        app,
        factory=not isinstance(app, Litestar),
        http=WholeAnswers,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        **options,
    )


def _run(config: uvicorn.Config, listener: socket.socket) -> None:
    server = _Server(config)
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


async def _require_safe(site: Site, workers: int) -> None:
    """Refuse to start.

    Raises:
        ConfigurationError: with everything that is not safe, and what mends it.
    """
    found = await examine(site)
    findings = [each for name, some in found.items() if name not in ADVICE for each in some or ()]
    if workers > 1 and site.settings.redis_url is None:
        findings.append(
            Finding(
                f"{workers} workers share through Redis which sessions have ended and how often "
                f"somebody has guessed, and {PREFIX}REDIS_URL is missing",
                assignment(f"{PREFIX}REDIS_URL", "redis://127.0.0.1:6379"),
            )
        )
    if findings:
        lines = "\n".join(f"  - {finding}" for finding in findings)
        raise ConfigurationError(f"Not safe to serve:\n{lines}")


def _address(listener: socket.socket) -> str:
    name = listener.getsockname()
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else os.fsdecode(name)

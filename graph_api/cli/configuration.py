"""What a command works with: the settings, and the application whose schema is served."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import iscoroutinefunction
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

import rich_click as click
from pydantic import SecretStr, ValidationError

from graph_api.app import permissions_of, roles_of
from graph_api.db.engine import Database
from graph_api.db.migrate import OURS, Migrations, application_migrations
from graph_api.errors import ConfigurationError
from graph_api.execution.schema import Schema
from graph_api.settings import PREFIX, Settings

SECRET_FILE = "secret_key"  # noqa: S105 -- the name of a file
ACCOUNTS_SCHEMA: Final = "graph_api.accounts.graphql.schema:schema"
"""Served where there is no application."""

F = TypeVar("F", bound=Callable[..., Any])


class InvalidSettings(ConfigurationError):
    """Settings that can't be read.

    Attributes:
        names: the environment variables at fault.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        sentences = [f"{name}: {problem}" for name, problem in problems.items()]
        super().__init__("; ".join(sentences) + ".")
        self.names = tuple(problems)


def read_settings(**given: Any) -> Settings:
    """Read the settings of the environment and ``.env``; what is given and not None wins.

    Raises:
        InvalidSettings: naming each variable that can't be read, without its value.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise InvalidSettings(_problems(error)) from None
    except OSError as error:
        raise InvalidSettings(
            dict.fromkeys(_named(error.filename), f"{error.filename}: {error.strerror}")
        ) from None


def operator_settings(**given: Any) -> Settings:
    """Return the settings for administering what ``dev`` or ``serve`` runs here.

    Without a secret key in the settings it is that of ``dev``, from the data folder.

    Raises:
        ConfigurationError: if there is neither.
    """
    settings = read_settings(**given)
    if settings.secret_key.get_secret_value():
        return settings
    file = settings.data_dir / SECRET_FILE
    if not file.exists():
        raise ConfigurationError(
            f"{PREFIX}SECRET_KEY is missing, and {settings.data_dir} holds none of "
            "`graph-api dev`: set the one that the server has."
        )
    return read_settings(mode="dev", secret_key=SecretStr(file.read_text()), **given)


def dev_secret(data_dir: Path) -> SecretStr:
    """Return the secret key of a data folder, made on the first start, for its owner only."""
    file = data_dir / SECRET_FILE
    if not file.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return SecretStr(file.read_text())


DemoData = Callable[[Database, Mapping[str, str]], Awaitable[None]]


@dataclass(frozen=True)
class Application:
    """The schema that is served, and where it comes from.

    Attributes:
        schema: the schema.
        name: ``module:attribute``.
        file: the file of the module.
        app_dir: the folder that stands first on ``sys.path``.
        demo_data: what ``dev`` fills the database with: the coroutine function ``demo_data`` beside
            the schema, if there is one. It gets the database, and the ids of the demo accounts by
            their addresses; it is called at every start.
    """

    schema: Schema
    name: str
    file: Path
    app_dir: Path
    demo_data: DemoData | None = None

    @property
    def permissions(self) -> Mapping[str, str]:
        """The permissions that there are."""
        return permissions_of(self.schema)

    @property
    def declared_roles(self) -> Mapping[str, Sequence[str]]:
        """The roles as a server stores them."""
        return roles_of(self.schema)

    @property
    def migrations(self) -> Path | None:
        """The folder ``migrations`` beside the schema's file, if it has ``versions``."""
        folder = self.file.parent / "migrations"
        return folder if (folder / "versions").is_dir() else None

    @property
    def is_ours(self) -> bool:
        """Whether it is the accounts' own schema, which brings no tables of an application."""
        return self.file.is_relative_to(Path(__file__).parents[1])

    @property
    def options(self) -> str:
        """The options that name this application to another command, after a space."""
        options = ""
        if self.app_dir != Path.cwd():
            options += f" --app-dir {shlex.quote(str(self.app_dir))}"
        if self.name not in (os.environ.get(f"{PREFIX}SCHEMA"), _default_name(self.app_dir)):
            options += f" --schema {shlex.quote(self.name)}"
        return options

    @property
    def histories(self) -> list[Migrations]:
        """What is to be migrated, in order: our tables, then the application's."""
        return [OURS, *([application_migrations(self.migrations)] if self.migrations else ())]


def application_options(command: F) -> F:
    """Give a command ``--schema`` and ``--app-dir``, for :func:`load_application`."""
    schema = click.option(
        "--schema",
        metavar="MODULE:ATTRIBUTE",
        help="The schema. Default: schema:schema where ./schema/__init__.py is, else that of "
        "the accounts alone.  [env: GRAPH_API_SCHEMA]",
    )
    app_dir = click.option(
        "--app-dir",
        type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
        default=".",
        help="Where modules are looked for first. Default: the working folder.",
    )
    return schema(app_dir(command))


def load_application(name: str | None, app_dir: Path) -> Application:
    """Import the schema ``name``, with ``app_dir`` first on ``sys.path``.

    Raises:
        ConfigurationError: if there is no such module or attribute, if it is no
            ``graph_api.Schema``, if its ``demo_data`` can't be awaited, or if the module fails,
            with its file and line.
    """
    name = name or _default_name(app_dir)
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ConfigurationError(f"The schema {name!r} is not written as module:attribute.")
    if str(app_dir) not in sys.path[:1]:
        sys.path.insert(0, str(app_dir))
    module = _import(module_name, app_dir)
    file = Path(module.__file__ or app_dir)
    found = getattr(module, attribute, None)
    if not isinstance(found, Schema):
        raise ConfigurationError(_explain(module_name, attribute, found, file, app_dir))
    demo_data = getattr(module, "demo_data", None)
    if demo_data is not None and not iscoroutinefunction(demo_data):
        raise ConfigurationError(
            f"demo_data in {file} is no coroutine function: write "
            "`async def demo_data(database, users)`, or call it something else."
        )
    return Application(found, name, file, app_dir, demo_data)


def _problems(error: ValidationError) -> dict[str, str]:
    """Return what is wrong by variable, without what only follows from it."""
    return {
        _variable(each["loc"]): each["msg"]
        for each in error.errors()
        if each["type"] != "default_factory_not_called"
    }


def _variable(location: tuple[int | str, ...]) -> str:
    """Return the environment variable of a field; an alias is one already."""
    name = str(location[0])
    return name if name.isupper() else f"{PREFIX}{name.upper()}"


def _named(file: str) -> list[str]:
    """Return the variables that name a file to read a secret from."""
    return [
        name
        for name, value in os.environ.items()
        if value == file and name.startswith(PREFIX) and name.endswith("_FILE")
    ]


def _default_name(app_dir: Path) -> str:
    return "schema:schema" if (app_dir / "schema" / "__init__.py").is_file() else ACCOUNTS_SCHEMA


def _import(name: str, app_dir: Path) -> ModuleType:
    try:
        return import_module(name)
    except ConfigurationError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise ConfigurationError(
                f"There is no module {name} in {app_dir}: name another one with --schema, or "
                "another folder with --app-dir."
            ) from None
        raise _failure(name, error, app_dir) from error
    except Exception as error:  # whatever an application's module raises
        raise _failure(name, error, app_dir) from error


def _failure(name: str, error: Exception, app_dir: Path) -> ConfigurationError:
    where = f"{error.filename}:{error.lineno}" if isinstance(error, SyntaxError) else None
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    where = where or _line_at_fault(error, app_dir)
    return ConfigurationError(
        f"The module {name} can't be imported: {where}: {type(error).__name__}: {message}"
    )


def _line_at_fault(error: Exception, app_dir: Path) -> str:
    """Return ``file:line`` of the application's innermost line, else of the innermost at all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_own(Path(frame.filename), app_dir)]
    frame = (own or frames)[-1]
    return f"{frame.filename}:{frame.lineno}"


def _is_own(file: Path, app_dir: Path) -> bool:
    """Whether a file is the application's; its virtual environment may stand in its folder."""
    return file.is_relative_to(app_dir) and "site-packages" not in file.parts


def _explain(module: str, attribute: str, found: object, file: Path, app_dir: Path) -> str:
    if found is not None:
        kind = type(found)
        return (
            f"{module}:{attribute} is a {kind.__module__}.{kind.__qualname__}: "
            "build it with graph_api.Schema."
        )
    if not _is_own(file, app_dir):
        return (
            f"The {module} that was found is a library, {file}, and has no {attribute}: there is "
            f"none in {app_dir}, so name the folder of yours with --app-dir."
        )
    return f"{file} has no {attribute}: name the attribute as in --schema {module}:schema."

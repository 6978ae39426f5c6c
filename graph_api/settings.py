"""Settings, from ``GRAPH_API_*`` in the environment or in ``.env``, and what is unsafe about them.

Each secret can also be given as a file: ``GRAPH_API_SECRET_KEY_FILE=/run/secrets/key``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from redis.asyncio.connection import parse_url

from graph_api.errors import ConfigurationError

Mode = Literal["dev", "serve"]
Algorithm = Literal["ES256", "RS256", "EdDSA", "HS256"]

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
PREFIX = "GRAPH_API_"
MINIMUM_SECRET_BYTES = 32
_DRIVERS = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
}


def _driver_url(url: SecretStr) -> SecretStr:
    """Give a database URL the async driver that we ship: hosts hand out ``postgres://``."""
    scheme, _, rest = url.get_secret_value().partition("://")
    value = f"{_DRIVERS.get(scheme, scheme)}://{rest}"
    if not value.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite:///")):
        raise ValueError("must start with sqlite:///, postgres:// or postgresql://")
    return SecretStr(value)


def _redis_url(url: SecretStr) -> SecretStr:
    try:
        parse_url(url.get_secret_value())
    except ValueError:  # its text may hold a piece of the password
        raise ValueError("must be like redis://HOST:PORT, rediss://… or unix://…") from None
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(_driver_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
Limit = Annotated[
    str,
    StringConstraints(
        pattern=r"^[1-9]\d{0,8}/[1-9]\d{0,4}[smhd](, ?[1-9]\d{0,8}/[1-9]\d{0,4}[smhd])*$"
    ),
]
"""How often something may be tried: `10/1m, 20/1h` is 10 times in a minute and 20 in an hour."""
Commas = NoDecode  # a list setting is written `a,b`, not as JSON


def _embedded_url(data_dir: Path) -> SecretStr:
    return SecretStr(f"sqlite+aiosqlite:///{data_dir.absolute() / 'graph-api.sqlite3'}")


def _own_hosts(issuer: str) -> tuple[str, ...]:
    host = urlsplit(issuer).hostname
    return tuple(sorted(LOOPBACK_HOSTS | ({host} if host else set())))


def _in_dev(given: dict[str, Any]) -> bool:
    return bool(given["mode"] == "dev")


class SecretFiles(PydanticBaseSettingsSource):
    """Reads each ``GRAPH_API_NAME_FILE`` that is set: how containers hand over secrets."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Return the text of the file that is named for this field, without its last newline."""
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        return (Path(path).read_text().strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the settings that stand in files."""
        names = self.settings_cls.model_fields
        values = {name: self.get_field_value(field, name)[0] for name, field in names.items()}
        return {name: value for name, value in values.items() if value is not None}


class Settings(BaseSettings):
    """All settings; each has a safe default, but for the two that ``serve`` must be given."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
        populate_by_name=True,
    )

    mode: Mode = Field("serve", description="Which command runs: dev or serve.")
    data_dir: Path = Field(
        Path(".graph-api"), description="Folder for the embedded database and the keys of dev."
    )
    database_url: DatabaseUrl = Field(
        default_factory=lambda given: _embedded_url(given["data_dir"]),
        validation_alias=AliasChoices(f"{PREFIX}DATABASE_URL", "DATABASE_URL"),
        description="SQLite in the data folder by default; postgresql:// for many workers.",
    )
    redis_url: RedisUrl | None = Field(
        None, description="Valkey or Redis, needed by several workers."
    )
    schema_path: str | None = Field(
        None,
        validation_alias=f"{PREFIX}SCHEMA",
        description="The schema to serve, as module:attribute.",
    )
    issuer: str = Field("", description="The https URL that clients know this server by.")
    audience: str = Field(
        default_factory=lambda given: given["issuer"],
        description="Who tokens are for; the issuer by default.",
    )
    access_token_ttl: int = Field(300, ge=10, le=86_400, description="Seconds.")
    token_leeway: int = Field(5, ge=0, le=300, description="Seconds of clock difference allowed.")
    refresh_token_idle_ttl: int = Field(
        14 * 86_400, ge=60, description="Seconds without a refresh."
    )
    refresh_token_absolute_ttl: int = Field(
        90 * 86_400, ge=60, description="Seconds from sign-in to the end of the session, whatever."
    )
    refresh_reuse_interval: int = Field(
        10, ge=0, le=60, description="Seconds in which the last refresh token may come again."
    )
    signing_algorithm: Algorithm = Field("ES256", description="How access tokens are signed.")
    hs256_secret: SecretStr | None = Field(
        None, description="The signing secret for HS256: 32 bytes or more, not the secret key."
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="32 bytes or more; every use derives a key of its own from it."
    )
    secret_key_fallbacks: Annotated[tuple[SecretStr, ...], Commas] = Field(
        (), description="Former secret keys, comma-separated: still read, never written."
    )
    denied_fields: Literal["filter", "reject"] = Field(
        "filter", description="filter: a denied field is null. reject: nothing runs."
    )
    denied_names: Literal["forbid", "conceal"] = Field(
        "forbid", description="forbid: FORBIDDEN. conceal: as if the name did not exist."
    )
    introspection: Literal["off", "shaped", "full"] = Field(
        "shaped", description="Whether, and how much of, the schema can be introspected."
    )
    allowed_origins: Annotated[tuple[str, ...], Commas] = Field(
        (), description="Origins of browser clients, comma-separated."
    )
    allowed_hosts: Annotated[tuple[str, ...], Commas] = Field(
        default_factory=lambda given: _own_hosts(given["issuer"]),
        description="Host names to answer to; the issuer's and loopback names by default.",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], Commas] = Field(
        (), description="Networks whose X-Forwarded-* is believed; none by default."
    )
    registration: bool = Field(
        default_factory=_in_dev,
        description="Whether strangers may register; on in dev, off in serve.",
    )
    password_hash_concurrency: int = Field(
        4, ge=1, le=64, description="Passwords hashed at once; each takes about 19 MiB."
    )
    password_hash_queue: int = Field(
        64, ge=1, description="Passwords that may wait to be hashed; one more is RATE_LIMITED."
    )
    guess_limit: Limit = Field(
        "10/1m, 20/10m, 30/1h, 50/1d, 100/30d",
        description="Wrong passwords for an account from one network: 10 in a minute, …",
    )
    guess_limit_account: Limit = Field(
        "20/10m, 30/1h, 50/1d, 100/30d",
        description="The same from all networks that have never signed in to the account.",
    )
    guess_limit_network: Limit = Field(
        "100/1m, 300/1h, 1000/1d",
        description="The same from one network for whatever account; also forged refresh tokens.",
    )
    registration_limit: Limit = Field(
        "20/10m, 60/1h, 200/1d", description="Registrations from one network."
    )
    refresh_limit: Limit = Field("60/1m, 600/1h", description="Refreshes of one session.")
    max_body_bytes: int = Field(256_000, ge=1_000, description="Largest request body, in bytes.")
    max_tokens: int = Field(2_000, ge=10, description="Largest document, in lexical tokens.")
    max_depth: int = Field(15, ge=1, description="Deepest selection, in fields.")
    max_aliases: int = Field(30, ge=0, description="Most aliases in an operation.")
    # graphql-core awaits a mutation's root fields within each other: some 400 exhaust the stack.
    max_root_fields: int = Field(20, ge=1, le=200, description="Most root fields in an operation.")
    max_fields: int = Field(
        1_000, ge=10, description="Most fields in an operation, with its fragments expanded."
    )
    graphiql: bool = Field(
        default_factory=_in_dev, description="GraphiQL for browsers; on in dev, off in serve."
    )
    console: bool = Field(
        default=True, description="The console under /console, where people sign in."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged."
    )

    @field_validator(
        "secret_key_fallbacks", "allowed_origins", "allowed_hosts", "trusted_proxies", mode="before"
    )
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, then ``*_FILE``, then ``.env``."""
        return (init_settings, env_settings, SecretFiles(settings_cls), dotenv_settings)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url.get_secret_value().startswith("sqlite")


@dataclass(frozen=True)
class Problem:
    """One unsafe setting: its environment variable, what is wrong, and how to mend it."""

    setting: str
    problem: str
    mend: str

    def __str__(self) -> str:
        return f"{self.setting} {self.problem}: {self.mend}"


def unsafe(settings: Settings) -> Iterator[Problem]:
    """Yield what ``serve`` refuses to start with. No text holds a secret's value."""
    yield from _unsafe_secrets(settings)
    yield from _unsafe_issuer(settings.issuer)
    if "*" in settings.allowed_hosts:
        yield Problem(f"{PREFIX}ALLOWED_HOSTS", "allows everyone with *", "list each name")
    if "*" in settings.allowed_origins:
        yield Problem(f"{PREFIX}ALLOWED_ORIGINS", "allows everyone with *", "list each origin")
    if settings.graphiql:
        yield Problem("GRAPH_API_GRAPHIQL", "is on", "unset it; GraphiQL is for `graph-api dev`")
    if settings.refresh_token_idle_ttl > settings.refresh_token_absolute_ttl:
        yield Problem(
            "GRAPH_API_REFRESH_TOKEN_IDLE_TTL", "is beyond the absolute lifetime", "make it shorter"
        )


def _unsafe_secrets(settings: Settings) -> Iterator[Problem]:
    generate = "set it to the output of `openssl rand -base64 48`"
    if not settings.secret_key.get_secret_value():
        yield Problem(f"{PREFIX}SECRET_KEY", "is missing", generate)
    elif is_weak(settings.secret_key):
        yield Problem(f"{PREFIX}SECRET_KEY", "is too short or too regular", generate)
    if any(map(is_weak, settings.secret_key_fallbacks)):
        yield Problem(
            f"{PREFIX}SECRET_KEY_FALLBACKS", "holds one too short or too regular", "remove it"
        )
    if settings.signing_algorithm != "HS256":
        return
    hs256 = settings.hs256_secret
    if hs256 is None or is_weak(hs256):
        yield Problem(f"{PREFIX}HS256_SECRET", "is missing, too short or too regular", generate)
    elif hs256 == settings.secret_key:
        yield Problem(f"{PREFIX}HS256_SECRET", "is the secret key", generate)


def is_weak(secret: SecretStr) -> bool:
    """Whether a secret is under 32 bytes or made of fewer than 10 different characters."""
    value = secret.get_secret_value()
    return len(value.encode()) < MINIMUM_SECRET_BYTES or len(set(value)) < 10


def _unsafe_issuer(issuer: str) -> Iterator[Problem]:
    setting = f"{PREFIX}ISSUER"
    if not issuer:
        yield Problem(setting, "is missing", "set it to the https URL that clients use")
        return
    url = urlsplit(issuer)
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK_HOSTS):
        yield Problem(setting, "is not https", "use https; http is for loopback only")
    if url.query or url.fragment or issuer.endswith("/"):
        yield Problem(setting, "has a query, a fragment or a final slash", "leave them away")


def require_safe(settings: Settings) -> None:
    """Stop the start on unsafe settings.

    Raises:
        ConfigurationError: naming each unsafe setting and its mend.
    """
    problems = [f"  - {problem}" for problem in unsafe(settings)]
    if problems:
        raise ConfigurationError("Not safe to serve:\n" + "\n".join(problems))

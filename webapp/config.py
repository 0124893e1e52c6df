"""Settings: read once from the environment (``ROWCAST_*``) and refused, with the remedy, when they cannot work."""

from __future__ import annotations

import difflib
import os
import re
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "ROWCAST_"
POSTGRES = "postgresql://user:password@host/database"  # an example
# As browsers write it: no capitals, no path, other alphabets in Punycode.
WEB_ORIGIN = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
PATH = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)*")
PASSWORD = re.compile("(://[^/]*?:).*@")


class BadSetting(Exception):
    """A setting that cannot work; the text names the variable and what to do."""


class Settings(BaseSettings):
    """Every setting with its default. Times are in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    # Not shown with the rest: they may hold a password.
    database: str = Field(default="sqlite+aiosqlite:///rowcast.db", repr=False)
    listen: str = Field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1)
    hosts: Annotated[tuple[str, ...], NoDecode] = ("localhost", "127.0.0.1", "::1")
    proxies: str = ""
    prefix: str = ""
    embed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    secret: SecretStr | None = None
    secure_cookies: bool = False
    log: Literal["text", "json"] = "text"
    streams: int = Field(default=10_000, ge=1)
    streams_per_client: int = Field(default=1_000, ge=1)
    feeds: int = Field(default=5_000, ge=1)
    remembered: int = Field(default=32, ge=1)
    cached_rows: int = Field(default=20_000, ge=1)
    body_limit: int = Field(default=64 * 1024, ge=1024)
    header_limit: int = Field(default=64 * 1024, ge=1024)
    heartbeat: float = Field(default=15.0, gt=0)
    stream_life: float = Field(default=600.0, gt=0)
    stall: float = Field(default=30.0, gt=0)
    request_timeout: float = Field(default=20.0, gt=0)
    linger: float = Field(default=30.0, ge=1)

    @field_validator("database")
    @classmethod
    def _database_is_known(cls, url: str) -> str:
        scheme, _, rest = url.partition("://")
        if scheme in ("postgresql", "postgresql+asyncpg"):
            return _postgres(url)
        if scheme not in ("sqlite", "sqlite+aiosqlite"):
            raise ValueError(f"use an SQLite file, for example sqlite:///rowcast.db, or PostgreSQL: {POSTGRES}")
        path = rest.removeprefix("/")
        if not path or path.startswith(":memory:"):
            raise ValueError("name a file, for example sqlite:///rowcast.db: a database in memory has no other readers")
        return f"sqlite+aiosqlite:///{path}"

    @field_validator("listen")
    @classmethod
    def _listen_is_an_address(cls, url: str) -> str:
        return _postgres(url) if url else url

    @field_validator("hosts", mode="before")
    @classmethod
    def _hosts_are_names(cls, value: object) -> object:
        names = value.replace(",", " ").split() if isinstance(value, str) else value
        if not names:
            raise ValueError("name at least one host, for example: localhost table.example.org")
        if isinstance(names, list) and any("/" in name or name.count(":") == 1 for name in names):
            raise ValueError("give host names only, without http://, port or path")
        return names

    @field_validator("prefix")
    @classmethod
    def _prefix_is_a_path(cls, path: str) -> str:
        if not PATH.fullmatch(path):
            raise ValueError("write it like /admin: letters, digits and - . _ ~ between slashes, and none at the end")
        return path

    @field_validator("embed_origins", mode="before")
    @classmethod
    def _origins_are_origins(cls, value: object) -> object:
        origins = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(origins, list):
            return origins
        for origin in origins:
            if not WEB_ORIGIN.fullmatch(origin.lower()):
                raise ValueError("write each as https://intranet.example.org, with a port but without path or *")
        standard = {"https": ":443", "http": ":80"}
        return [origin.lower().removesuffix(standard[origin.lower().partition(":")[0]]) for origin in origins]


def read_settings() -> Settings:
    """Return the settings of this process.

    Raises BadSetting when a value cannot work, and when a ``ROWCAST_`` variable is not a setting: a typing error
    that silently left the default in force would be found much later.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(sorted(known))}."
            raise BadSetting(f"{name} is not a setting: {hint}")
    try:
        return Settings()
    except ValidationError as error:
        raise BadSetting("\n".join(_told(problem) for problem in error.errors())) from None


def _postgres(url: str) -> str:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(f"write it like {POSTGRES}") from None
    if parsed.get_backend_name() != "postgresql" or not parsed.database:
        raise ValueError(f"name a PostgreSQL database, like {POSTGRES}")
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def _told(problem: Any) -> str:
    name = PREFIX + str(problem["loc"][0]).upper()
    value = PASSWORD.sub(r"\1***@", repr(problem["input"]))
    return f"{name}={value} cannot be used: {problem['msg'].removeprefix('Value error, ')}."

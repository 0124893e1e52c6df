"""Settings: read once from the environment (``ROWCAST_*``) and refused, with the remedy, when they cannot work."""

from __future__ import annotations

import difflib
import os
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from rowcast.config import addresses

PREFIX = "ROWCAST_"
PATH = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)*")
SECRET = ("database", "listen", "secret")
LONGEST = 1e9  # seconds

Seconds = Annotated[float, Field(gt=0, le=LONGEST, allow_inf_nan=False)]
Words = Annotated[tuple[str, ...], NoDecode]  # in the environment with spaces or commas between, all of them


class BadSetting(Exception):
    """A setting that cannot work; the text names the variable and what to do."""


class Settings(BaseSettings):
    """Every setting with its default. Times are in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    # Not shown with the rest: they may hold a password.
    database: Annotated[str, AfterValidator(addresses.database)] = Field(
        default="sqlite+aiosqlite:///rowcast.db", repr=False
    )
    listen: Annotated[str, AfterValidator(addresses.listener)] = Field(default="", repr=False)
    host: Annotated[str, AfterValidator(addresses.host_or_address)] = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1)
    hosts: Annotated[Words, BeforeValidator(addresses.host_names)] = ("localhost", "127.0.0.1", "::1")
    proxies: Annotated[Words, BeforeValidator(addresses.networks)] = ()
    prefix: str = ""
    embed_origins: Annotated[Words, BeforeValidator(addresses.origins)] = ()
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
    heartbeat: Seconds = 15.0
    stream_life: Seconds = 600.0
    stall: Seconds = 30.0
    request_timeout: Seconds = 20.0
    linger: float = Field(default=30.0, ge=1, le=LONGEST, allow_inf_nan=False)

    @field_validator("prefix")
    @classmethod
    def _prefix_is_a_path(cls, path: str) -> str:
        if not PATH.fullmatch(path):
            raise ValueError("write it like /admin: letters, digits and - . _ ~ between slashes, and none at the end")
        return path

    @field_validator("secret")
    @classmethod
    def _secret_is_there(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value().strip():
            raise ValueError("write a long random text, or leave it out: each start then draws one")
        return secret


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


def _told(problem: Any) -> str:
    name, value = str(problem["loc"][0]), str(problem["input"])
    shown = addresses.without_passwords(value, is_secret=name in SECRET)
    return f"{PREFIX}{name.upper()}={shown!r} cannot be used: {problem['msg'].removeprefix('Value error, ')}."

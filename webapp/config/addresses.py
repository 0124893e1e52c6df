"""Checks the addresses in settings: of hosts, proxies, origins and databases. Knows no settings, and connects nowhere.

What cannot work is a ValueError that says what to write instead.
"""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv6Address, ip_network
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

POSTGRES = "postgresql://user:password@host/database"  # an example
# What the driver takes behind a ? in an address, beside hosts and ports.
OPTIONS = {"krbsrvname", "passfile", "password", "service", "ssl", "target_session_attrs", "user"}
HOST_NAME = re.compile(r"[a-z0-9_.-]+")
# As browsers write it: no capitals, no path, other alphabets in Punycode.
WEB_ORIGIN = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
SCHEME = re.compile(r"[a-z+]+://")
USER = re.compile("//.*@")


def database(url: str) -> str:
    """Return the address of a database, as SQLAlchemy takes it."""
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgresql+asyncpg"):
        return postgres(url)
    if scheme not in ("sqlite", "sqlite+aiosqlite"):
        raise ValueError(f"use an SQLite file, for example sqlite:///rowcast.db, or PostgreSQL: {POSTGRES}")
    path = rest.removeprefix("/")
    if not path or path.startswith(":memory:"):
        raise ValueError("name a file, for example sqlite:///rowcast.db: a database in memory has no other readers")
    if path.startswith("file:") or "?" in path:
        raise ValueError("name a file and nothing else, for example sqlite:///rowcast.db")
    return f"sqlite+aiosqlite:///{path}"


def postgres(url: str) -> str:
    """Return the address of a PostgreSQL database."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(f"write it like {POSTGRES}") from None
    if parsed.get_backend_name() != "postgresql" or not parsed.database:
        raise ValueError(f"name a PostgreSQL database, like {POSTGRES}")
    parsed = parsed.set(drivername="postgresql+asyncpg")
    try:
        # As the driver is called: what it cannot take would be a traceback at the start.
        options = parsed.get_dialect()().create_connect_args(parsed)[1]
        hosts, ports = (_each(options.pop(name, [])) for name in ("host", "port"))
        is_known = (
            all(host.encode("idna") for host in hosts) and all(0 < port < 65536 for port in ports) and parsed.port != 0
        )
    except (ArgumentError, ValueError):
        is_known = False
    if not is_known:
        raise ValueError(f"host and port are written like {POSTGRES.replace('host', 'host:5432')}")
    if any("@" in part for part in (*hosts, parsed.database)):
        raise ValueError("a password is written with %40 for @ and %2F for /")
    if not options.keys() - {"database"} <= OPTIONS or not all(isinstance(value, str) for value in options.values()):
        raise ValueError(f"behind the ? only host, port, {', '.join(sorted(OPTIONS))} can stand; sslmode is ssl here")
    return parsed.render_as_string(hide_password=False)


def listener(url: str) -> str:
    """Return the address of a PostgreSQL database that is listened to; empty when it is the one that is used."""
    return postgres(url) if url else url


def host_or_address(name: str) -> str:
    """Return the name or the address of one host."""
    if not _is_host(name):
        raise ValueError("name one address or host, without port: 127.0.0.1 for this machine alone, 0.0.0.0 for all")
    return name.strip("[]")


def host_names(value: object) -> list[str]:
    """Return names and addresses of hosts, at least one."""
    names = _listed(value)
    if not names:
        raise ValueError("name at least one host, for example: localhost table.example.org")
    if not all(map(_is_host, names)):
        raise ValueError("name each host, without http://, port, path or *, and as browsers send it (xn--...)")
    return names


def networks(value: object) -> list[str]:
    """Return addresses, and networks of them."""
    try:
        found = [ip_network(address) for address in _listed(value)]
    except ValueError:
        raise ValueError("write each as an address or a network of them, like 10.0.0.10 or 10.0.0.0/8") from None
    return [str(network if network.num_addresses > 1 else network.network_address) for network in found]


def origins(value: object) -> list[str]:
    """Return origins of web pages, as browsers write them."""
    found = [origin.lower() for origin in _listed(value)]
    if not all(map(WEB_ORIGIN.fullmatch, found)):
        raise ValueError("write each as https://intranet.example.org, with a port but without path or *")
    standard = {"https": ":443", "http": ":80"}
    return [origin.removesuffix(standard[origin.partition(":")[0]]) for origin in found]


def without_passwords(value: str, *, is_secret: bool) -> str:
    """Return ``value`` as it may be told to anybody; of what ``is_secret`` only of what kind it is."""
    if is_secret and value and not value.startswith("sqlite"):
        scheme = SCHEME.match(value)
        return f"{scheme[0] if scheme else ''}***"
    return USER.sub("//***@", value)


def _listed(value: object) -> list[str]:
    """Return the words of a list, which spaces or commas keep apart."""
    if isinstance(value, str):
        return value.replace(",", " ").split()
    return [str(word) for word in value] if isinstance(value, list | tuple) else []


def _is_host(name: str) -> bool:
    """Whether ``name`` is that of a host, or an address; of version 6 with or without brackets."""
    if HOST_NAME.fullmatch(name.lower()):
        return True
    with suppress(ValueError):
        return bool(IPv6Address(name[1:-1] if name.startswith("[") and name.endswith("]") else name))
    return False


def _each(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]

"""Settings: read from the environment, refused with the remedy when they cannot work."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rowcast.config import BadSetting, Settings, read_settings

GOOD = [
    ("PORT", "9000", "port", 9000),
    ("PORT", "0", "port", 0),
    ("WORKERS", "4", "workers", 4),
    ("DATABASE", "sqlite:///x.db", "database", "sqlite+aiosqlite:///x.db"),
    ("DATABASE", "sqlite:////srv/x.db", "database", "sqlite+aiosqlite:////srv/x.db"),
    ("DATABASE", "sqlite+aiosqlite:///x.db", "database", "sqlite+aiosqlite:///x.db"),
    ("DATABASE", "postgresql://a:b@h:5/d", "database", "postgresql+asyncpg://a:b@h:5/d"),
    ("DATABASE", "postgresql+asyncpg:///d?host=/x", "database", "postgresql+asyncpg:///d?host=%2Fx"),
    ("LISTEN", "postgresql://h/d", "listen", "postgresql+asyncpg://h/d"),
    ("LISTEN", "", "listen", ""),
    ("HOSTS", "a.example, b.example c.example", "hosts", ("a.example", "b.example", "c.example")),
    ("HOSTS", "A.example [::1],::1 10.0.0.1", "hosts", ("A.example", "[::1]", "::1", "10.0.0.1")),
    ("HOST", "::", "host", "::"),
    ("HOST", "[::1]", "host", "::1"),
    ("HOST", "table.example.org", "host", "table.example.org"),
    ("PROXIES", "", "proxies", ()),
    ("PROXIES", "10.0.0.10", "proxies", ("10.0.0.10",)),
    (
        "PROXIES",
        " 10.0.0.10, 10.1.0.0/16 ::1,2001:db8::/32 ",
        "proxies",
        ("10.0.0.10", "10.1.0.0/16", "::1", "2001:db8::/32"),
    ),
    (
        "DATABASE",
        "postgresql://h/d?ssl=require&password=b",
        "database",
        "postgresql+asyncpg://h/d?password=b&ssl=require",
    ),
    ("PREFIX", "", "prefix", ""),
    ("PREFIX", "/admin", "prefix", "/admin"),
    ("PREFIX", "/a/b-c/d.e_~1", "prefix", "/a/b-c/d.e_~1"),
    ("EMBED_ORIGINS", "", "embed_origins", ()),
    ("EMBED_ORIGINS", "https://A.example:443 http://[::1]:80", "embed_origins", ("https://a.example", "http://[::1]")),
    ("EMBED_ORIGINS", "http://localhost:5000", "embed_origins", ("http://localhost:5000",)),
    ("EMBED_ORIGINS", "http://a.example,http://b.example", "embed_origins", ("http://a.example", "http://b.example")),
    ("STREAM_LIFE", "0.5", "stream_life", 0.5),
    ("SECURE_COOKIES", "1", "secure_cookies", True),
]
BAD = [
    ("PORT", "eighty", "ROWCAST_PORT='eighty'"),
    ("PORT", "65536", "less than or equal to 65535"),
    ("PORT", "-1", "greater than or equal to 0"),
    ("PORT", "", "ROWCAST_PORT=''"),
    ("DATABASE", "mysql://x", "use an SQLite file"),
    ("DATABASE", "rowcast.db", "use an SQLite file"),
    ("DATABASE", "", "use an SQLite file"),
    ("DATABASE", "sqlite://", "name a file"),
    ("DATABASE", "sqlite:///:memory:", "name a file"),
    ("DATABASE", "postgres://h/d", "postgresql://user:password@host/database"),
    ("DATABASE", "postgresql://h", "name a PostgreSQL database"),
    ("DATABASE", "postgresql://h:port/d", "write it like postgresql://"),
    ("DATABASE", "sqlite:///x.db?mode=ro", "name a file and nothing else"),
    ("DATABASE", "sqlite:///file:x.db", "name a file and nothing else"),
    *(
        ("DATABASE", f"postgresql://{address}", "host and port are written like postgresql://")
        for address in ("h:99999/d", "h:0/d", "h/d?port=99999", "h/d?port=x", "/d?host=a:5432&host=b:99999", "a..b/d")
    ),
    ("DATABASE", "postgresql://h/d?sslmode=require", "sslmode is ssl here"),
    ("DATABASE", "postgresql://h/d?ssl=a&ssl=b", "behind the ?"),
    ("LISTEN", "postgresql://h:99999/d", "host and port are written like"),
    ("LISTEN", "sqlite:///x.db", "name a PostgreSQL database"),
    ("LISTEN", "h:5432", "write it like postgresql://"),
    ("HOSTS", "", "name at least one host"),
    ("HOSTS", " , ", "name at least one host"),
    *(
        ("HOSTS", names, "without http://")
        for names in (
            "http://a.example",
            "*",
            "*.example.org",
            "a.example:80",
            "a.example/x",
            "bücher.example",
            "[::1",
            "a;b",
        )
    ),
    *(
        ("HOST", host, "name one address or host")
        for host in ("", " ", "*", "127.0.0.1:80", "http://a.example", "a b", "127.0.0.1, ::1", "[::1]:80")
    ),
    *(
        ("PROXIES", proxies, "like 10.0.0.10 or 10.0.0.0/8")
        for proxies in (
            "*",
            "nginx",
            "10.0.0.10:80",
            "10.0.0.5/8",
            "10.0.0.10; 10.0.0.11",
            "10.0.0.1 garbage",
            "10.0.0",
        )
    ),
    ("SECRET", "", "ROWCAST_SECRET='' cannot be used: write a long random text"),
    ("SECRET", "  ", "ROWCAST_SECRET='***' cannot be used"),
    *(
        ("PREFIX", prefix, "write it like /admin")
        for prefix in (
            "admin",
            "/",
            "/admin/",
            "//admin",
            "/a//b",
            "/..",
            "/a/../b",
            "/./a",
            "/a?b",
            "/a b",
            '/a"b',
            "/ü",
        )
    ),
    ("PREFIX", "https://table.example.org/admin", "write it like /admin"),
    ("EMBED_ORIGINS", "*", "https://intranet.example.org"),
    ("EMBED_ORIGINS", "host.example", "https://intranet.example.org"),
    ("EMBED_ORIGINS", "https://host.example/", "without path"),
    ("EMBED_ORIGINS", "https://host.example;script-src", "https://intranet.example.org"),
    ("EMBED_ORIGINS", "https://*.example", "https://intranet.example.org"),
    ("EMBED_ORIGINS", "null", "https://intranet.example.org"),
    ("EMBED_ORIGINS", "https://me:secret@host.example", "https://intranet.example.org"),
    ("WORKERS", "0", "greater than or equal to 1"),
    ("STREAMS", "0", "greater than or equal to 1"),
    ("HEARTBEAT", "0", "greater than 0"),
    ("HEARTBEAT", "nan", "ROWCAST_HEARTBEAT='nan'"),
    ("LINGER", "0", "greater than or equal to 1"),
    *((name, "inf", "finite number") for name in ("HEARTBEAT", "STREAM_LIFE", "STALL", "REQUEST_TIMEOUT", "LINGER")),
    *((name, "1e30", "less than or equal to") for name in ("HEARTBEAT", "STREAM_LIFE", "STALL", "LINGER")),
]


def test_without_any_the_defaults_serve_this_machine_alone() -> None:
    settings = read_settings()
    assert (settings.host, settings.port, settings.hosts) == ("127.0.0.1", 8000, ("localhost", "127.0.0.1", "::1"))
    assert settings.database == "sqlite+aiosqlite:///rowcast.db"


@pytest.mark.parametrize(("name", "value", "field", "kept"), GOOD, ids=range(len(GOOD)))
def test_a_setting_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, field: str, kept: object
) -> None:
    monkeypatch.setenv(f"ROWCAST_{name}", value)
    assert getattr(read_settings(), field) == kept


@pytest.mark.parametrize(("name", "value", "told"), BAD, ids=range(len(BAD)))
def test_a_setting_that_cannot_work_is_refused_by_name_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"ROWCAST_{name}", value)
    with pytest.raises(BadSetting) as refusal:
        read_settings()
    assert f"ROWCAST_{name}=" in str(refusal.value)
    assert told in str(refusal.value)


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWCAST_PORT", "x")
    monkeypatch.setenv("ROWCAST_STREAMS", "0")
    with pytest.raises(BadSetting, match=r"(?s)ROWCAST_PORT.*\n.*ROWCAST_STREAMS"):
        read_settings()


@pytest.mark.parametrize(
    ("typed", "hint"), [("ROWCAST_PROT", "did you mean ROWCAST_PORT?"), ("ROWCAST_" + "Z" * 40, "ROWCAST_HOST,")]
)
def test_a_typing_error_does_not_pass_in_silence(monkeypatch: pytest.MonkeyPatch, typed: str, hint: str) -> None:
    monkeypatch.setenv(typed, "1")
    with pytest.raises(BadSetting, match=typed) as refusal:
        read_settings()
    assert hint in str(refusal.value)


def test_a_secret_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWCAST_SECRET", "hush")
    for name in ("DATABASE", "LISTEN"):
        monkeypatch.setenv(f"ROWCAST_{name}", "postgresql://me:hush@host/rowcast")
    assert "hush" not in repr(read_settings())


@pytest.mark.parametrize("name", ["DATABASE", "LISTEN"])
@pytest.mark.parametrize(
    "address",
    [
        "postgres://me:hush@host/rowcast",
        "postgresql://me:hush@hush@host:port/rowcast",
        "postgresql://me:hush@hush@host/rowcast",
        "postgresql://me:hush@hu/hush@host/rowcast",
        "postgresql://me:hush@host:99999/rowcast",
        "postgresql://host:99999/rowcast?user=me&password=hush",
        "postgresql://host/rowcast?user=me&passwd=hush",
        "postgresql://host:99999/rowcast?password=hush",
        "postgresql:me:hush@host/rowcast",
        "jdbc:postgresql://host/rowcast?password=hush",
        "me:hush@host/rowcast",
        "host=localhost user=me password=hush",
        "PGPASSWORD=hush postgresql://host/rowcast",
        "me:hush://host/rowcast",
        "postgresql://me:hush",
        "mysql://hush@host/x",
        "hush",
    ],
)
def test_a_password_is_not_told_however_an_address_is_written(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(f"ROWCAST_{name}", address)
    with pytest.raises(BadSetting, match=f"ROWCAST_{name}=.*\\*\\*\\*") as refusal:
        read_settings()
    assert "hush" not in str(refusal.value)
    with pytest.raises(ValidationError) as error:
        Settings.model_validate({name.lower(): address})
    assert "hush" not in str(error.value)


def test_nor_is_one_that_stands_where_none_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EMBED_ORIGINS", "HOST", "HOSTS", "PROXIES", "PREFIX", "LOG", "PORT"):
        monkeypatch.setenv(f"ROWCAST_{name}", "https://me:hu@sh@host.example/x@y")
    with pytest.raises(BadSetting) as refusal:
        read_settings()
    assert str(refusal.value).count("//***@") == 7
    assert "hu@" not in str(refusal.value)
    assert "sh@" not in str(refusal.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1

"""Settings: read from the environment, refused with the remedy when they cannot work."""

from __future__ import annotations

import pytest

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
    ("PREFIX", "", "prefix", ""),
    ("PREFIX", "/admin", "prefix", "/admin"),
    ("PREFIX", "/a/b-c/d.e_~1", "prefix", "/a/b-c/d.e_~1"),
    ("EMBED_ORIGINS", "", "embed_origins", ()),
    ("EMBED_ORIGINS", "https://A.example:443 http://[::1]:80", "embed_origins", ("https://a.example", "http://[::1]")),
    ("EMBED_ORIGINS", "http://localhost:5000", "embed_origins", ("http://localhost:5000",)),
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
    ("LISTEN", "sqlite:///x.db", "name a PostgreSQL database"),
    ("LISTEN", "h:5432", "write it like postgresql://"),
    ("HOSTS", "", "name at least one host"),
    ("HOSTS", " , ", "name at least one host"),
    ("HOSTS", "http://a.example", "without http://"),
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
    for bad in ("postgres://me:hush@host/rowcast", "postgresql://me:hush@sh@host:port/rowcast"):
        monkeypatch.setenv("ROWCAST_DATABASE", bad)
        with pytest.raises(BadSetting, match=r"me:\*\*\*@host") as refusal:
            read_settings()
        assert "sh@" not in str(refusal.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1

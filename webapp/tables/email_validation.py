"""Validates e-mail addresses as people type them: one normal form, or what is wrong."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email
from pydantic_core import PydanticCustomError

from rowcast.i18n import Message, _
from rowcast.tables.text_normalization import without_noise

LONGEST = 254  # characters, by RFC 5321

INCOMPLETE = _("An e-mail address looks like name@example.org.")
BAD_DOMAIN = _("What stands after the @ cannot receive e-mail. It should look like example.org.")
BAD_NAME = _("What stands before the @ cannot be part of an e-mail address.")
TOO_LONG = _("This is too long for an e-mail address.")


def check_email(text: str) -> str:
    """Return the address in its one normal form; raises PydanticCustomError, which says what to mend."""
    if len(text) > LONGEST:  # the library looks at all of it first
        raise _refusal(TOO_LONG)
    text = without_noise(text)
    normal = _normal(text)
    if normal is None:
        raise _refusal(_reason(text))
    return normal


def _refusal(reason: Message) -> PydanticCustomError:
    return PydanticCustomError("email", "no e-mail address", {"message": reason})


def _normal(text: str) -> str | None:
    # Whether the domain has a mail server is not asked: a form must not wait for a name server.
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def _reason(text: str) -> Message:
    # The library's reasons are in English only, so each half is tried beside one that is right.
    name, _at, domain = text.rpartition("@")
    if not name or not domain:
        return INCOMPLETE
    if _normal(f"n@{domain}") is None:
        return BAD_DOMAIN
    return BAD_NAME if _normal(f"{name}@example.org") is None else TOO_LONG  # so in the bytes that it takes

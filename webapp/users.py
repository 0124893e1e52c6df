"""The user directory: its model, its draft, its table. The only module that knows users; copy it for your own table."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.i18n import _
from rowcast.tables.email_validation import check_email
from rowcast.tables.model import VersionedModel
from rowcast.tables.table import Column, Table
from rowcast.tables.text_normalization import clean

ROLES = {"administrator": _("Administrator"), "member": _("Member")}
STATUSES = {"active": _("Active"), "closed": _("Closed")}


class User(VersionedModel):
    """A row of the directory; the ``_key`` columns hold the folded text that is compared, sorted and searched."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    username: Mapped[str]
    username_key: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str]
    role: Mapped[str]
    status: Mapped[str]


class UserDraft(BaseModel):
    """What a form or a program sends to add a user."""

    username: Annotated[
        str, AfterValidator(clean), Field(min_length=1, max_length=64, json_schema_extra={"examples": ["Ada"]})
    ]
    email: Annotated[
        str,
        AfterValidator(clean),
        Field(min_length=1, max_length=254, json_schema_extra={"format": "email", "examples": ["ada@example.org"]}),
        AfterValidator(check_email),
    ]
    role: Literal["administrator", "member"] = "member"
    status: Literal["active", "closed"] = "active"


USERS = Table(
    name="users",
    row="user",
    title=_("Users"),
    model=User,
    draft=UserDraft,
    sort="username",
    search_index="users_search",
    change_log="users_touched",
    columns=(
        Column(
            name="username",
            label=_("User name"),
            value=User.username,
            key=User.username_key,
            searched=True,
            taken=_("Another user has this name."),
        ),
        Column(
            name="email",
            label=_("E-mail"),
            value=User.email,
            key=User.email_key,
            searched=True,
            taken=_("Another user has this e-mail address."),
            kind="email",
        ),
        Column(name="role", label=_("Role"), value=User.role, choices=ROLES),
        Column(name="status", label=_("Status"), value=User.status, choices=STATUSES),
        Column(name="changed", label=_("Changed (UTC)"), value=User.changed, kind="time"),
    ),
    words={
        "add": _("Add a user"),
        "edit": _("Edit user"),
        "search": _("Search name or e-mail"),
        "empty": _("No users yet"),
        "empty_hint": _("Whoever is added appears in every open page at once."),
        "add_first": _("Add the first one"),
        "not_found": _("No user matches"),
        "gone": _("This user was deleted meanwhile."),
        "delete_hint": _("The user disappears from every open page at once. This cannot be undone."),
    },
)

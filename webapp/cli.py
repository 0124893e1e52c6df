"""The command line: rowcast serve, migrate, demo, shell."""

from __future__ import annotations

import asyncio
import code
from typing import Any

import click

from rowcast import logs, schema
from rowcast.app import create_app
from rowcast.config import BadSetting, Settings, read_settings
from rowcast.database import Database
from rowcast.serving.server import serve as serve_app
from rowcast.serving.worker_pool import serve_many
from rowcast.tables import listing, page, row_writes
from rowcast.tables.key import Key
from rowcast.users import USERS


class CommandGroup(click.Group):
    """Reads the settings before any command, and tells what is wrong with them in words."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; what the user can mend becomes a message, not a traceback."""
        try:
            context.obj = read_settings()
            return super().invoke(context)
        except (BadSetting, schema.Unusable) as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=CommandGroup)
def main() -> None:
    """Rowcast: a live table over a database. Settings come from the environment (ROWCAST_*)."""


@main.command()
@click.option("--migrate", "migrating", is_flag=True, help="Bring an older database up to date first.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes that share the port; else ROWCAST_WORKERS.")
@click.pass_obj
def serve(settings: Settings, migrating: bool, workers: int | None) -> None:
    """Serve the app; a new, empty database is set up first."""
    logs.configure(settings.log)
    if migrating:
        click.echo(schema.migrate(settings.database))
    else:
        schema.prepare(settings.database)
    if workers is not None:
        settings = settings.model_copy(update={"workers": workers})
    if settings.workers > 1:
        serve_many(settings)
    else:
        serve_app(create_app(settings), settings)


@main.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the database to the newest version of its tables, and say what was done."""
    click.echo(schema.migrate(settings.database))


@main.command("demo")
@click.argument("rows", type=click.IntRange(min=0), default=200)
@click.option("--live", "rate", type=click.FloatRange(min=0, min_open=True), help="Then go on: changes a second.")
@click.pass_obj
def demo_command(settings: Settings, rows: int, rate: float | None) -> None:
    """Add ROWS realistic users; with --live RATE go on adding, editing and deleting, to be watched in a browser."""
    from rowcast import demo

    schema.prepare(settings.database)
    try:
        asyncio.run(demo.run(settings.database, rows, rate, is_pooler=bool(settings.listen)))
    except KeyboardInterrupt:
        if rate is None:  # with a rate, that is how it ends
            raise


@main.command()
@click.pass_obj
def shell(settings: Settings) -> None:
    """Open a Python shell on the database; run(...) awaits."""
    schema.prepare(settings.database)
    with asyncio.Runner() as runner:
        opened = Database(settings.database, is_pooler=bool(settings.listen))
        names = {
            "run": runner.run,
            "database": opened,
            "USERS": USERS,
            "Key": Key,
            "writing": row_writes,
            "listing": listing,
            "page": page,
        }
        edit = 'writing.edit(connection, USERS, Key((1,)), {"role": "member"}, version=None, by="me")'
        example = f"run(database.write(lambda connection: {edit}))"
        code.interact(f"Here are {', '.join(names)}. For example:\n{example}", local=names, exitmsg="")
        runner.run(opened.close())

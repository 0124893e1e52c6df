"""Quart with its own templates: our page's markup by ``render_template``, the rows by SQLAlchemy's ORM.

The count stops where ours does. Run by hypercorn, as Quart's documentation says, and by uvicorn, which it names.
"""

from quart import Quart, abort, redirect, render_template, request
from quart.typing import ResponseReturnValue
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from users_model import FILE, User

SIZE = 50
COUNTED = 10_000

app = Quart(__name__)
sessions = async_sessionmaker(create_async_engine(f"sqlite+aiosqlite:///{FILE}"), expire_on_commit=False)


@app.get("/users")
async def index() -> str:
    """The list."""
    page, q = int(request.args.get("page", 1)), request.args.get("q", "")
    found = select(User).where(or_(User.username.contains(q), User.email.contains(q))) if q else select(User)
    rows = found.order_by(User.username_key).offset((page - 1) * SIZE).limit(SIZE)
    async with sessions() as session:
        total = await session.scalar(select(func.count()).select_from(found.limit(COUNTED + 1).subquery()))
        users = (await session.scalars(rows)).all()
    return await render_template("users.html", users=users, total=total, page=page, pages=-(-total // SIZE), q=q)


@app.get("/users/<int:id>")
async def show(id: int) -> str:
    """One row."""
    async with sessions() as session:
        user = await session.get(User, id) or abort(404)
    return await render_template("user.html", user=user)


@app.post("/users/<int:id>")
async def edit(id: int) -> ResponseReturnValue:
    """Edit one row."""
    form = await request.form
    async with sessions.begin() as session:
        user = await session.get(User, id) or abort(404)
        user.role = form["role"]
    return redirect("/users", 303)

"""SQLAdmin, as its quick start shows it. Run by uvicorn, as Starlette recommends."""

from sqladmin import Admin, ModelView
from sqlalchemy import create_engine
from starlette.applications import Starlette
from users_model import COLUMNS, FILE, User

engine = create_engine(f"sqlite:///{FILE}", connect_args={"check_same_thread": False})
app = Starlette()
admin = Admin(app, engine)


class UserAdmin(ModelView, model=User):
    """The list of users."""

    page_size = 50
    column_list = [getattr(User, name) for name in COLUMNS]
    column_searchable_list = [User.username, User.email]
    column_default_sort = "username_key"
    form_columns = [User.username, User.email, User.role, User.status]


admin.add_view(UserAdmin)

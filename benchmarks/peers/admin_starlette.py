"""starlette-admin, as its quick start shows it. Run by uvicorn, as Starlette recommends."""

from sqlalchemy import create_engine
from starlette.applications import Starlette
from starlette_admin.contrib.sqla import Admin, ModelView
from users_model import COLUMNS, FILE, User

engine = create_engine(f"sqlite:///{FILE}", connect_args={"check_same_thread": False})
app = Starlette()


class UserView(ModelView):
    """The list of users. It can be sorted by what it has as a field only, so the sorted column is a hidden one."""

    fields = ["id", *COLUMNS, "username_key"]
    exclude_fields_from_list = ["id", "username_key"]
    exclude_fields_from_edit = ["id", "username_key", "changed"]
    searchable_fields = ["username", "email"]
    fields_default_sort = ["username_key"]
    page_size = 50


admin = Admin(engine, title="Users", secret_key="benchmark")
admin.add_view(UserView(User, key="users"))
admin.mount_to(app)

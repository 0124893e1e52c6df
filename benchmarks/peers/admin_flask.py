"""Flask-Admin, as its introduction shows it. Run by gunicorn, the first server that Flask's documentation names."""

from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_sqlalchemy import SQLAlchemy
from users_model import COLUMNS, FILE, Base, User

app = Flask(__name__)
app.config["SECRET_KEY"] = "benchmark"
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{FILE}"
db = SQLAlchemy(app, model_class=Base)


class UserView(ModelView):
    """The list of users."""

    page_size = 50
    can_view_details = True
    column_list = COLUMNS
    column_searchable_list = ["username", "email"]
    column_default_sort = "username_key"
    form_columns = ["username", "email", "role", "status"]


admin = Admin(app, name="Users")
admin.add_view(UserView(User, db.session, endpoint="users", url="users"))

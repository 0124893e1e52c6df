"""The table of users, as Django sees it."""

from django.db import models


class User(models.Model):
    """A user; ``username_key`` is the column with the index that the list is sorted by."""

    username = models.TextField()
    username_key = models.TextField(editable=False)
    email = models.TextField()
    role = models.TextField()
    status = models.TextField()
    changed = models.DateTimeField(editable=False)

    class Meta:
        """Which table."""

        db_table = "users"
        managed = False

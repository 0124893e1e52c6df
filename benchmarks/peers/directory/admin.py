"""The list of users in Django's admin."""

from django.contrib import admin

from directory.models import User


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """The list of users."""

    list_display = ("username", "email", "role", "status", "changed")
    list_per_page = 50
    search_fields = ("username", "email")
    ordering = ("username_key",)

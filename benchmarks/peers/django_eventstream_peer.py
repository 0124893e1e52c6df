"""django-eventstream on Daphne, as its documentation says: django_eventstream_peer:application."""

import django
import rows
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_POST

settings.configure(
    SECRET_KEY="only measured",
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["daphne", "django_eventstream"],
    ASGI_APPLICATION=f"{__name__}.application",
)
django.setup()

import django_eventstream  # noqa: E402 -- it reads the settings


@require_POST
def edit(request: HttpRequest, number: int) -> HttpResponse:
    row = rows.edit(number, request.POST["email"])
    django_eventstream.send_event("users", "message", {"id": number, "html": row})
    return HttpResponse(status=204)


urlpatterns = [
    path("stream", include(django_eventstream.urls), {"channels": ["users"]}),
    path("users/<int:number>", edit),
]
application = get_asgi_application()

"""Django in one file: its admin pages, sessions and an SQLite database."""

import os
import tempfile

import django
from django.conf import settings

HERE = os.environ.get("DJANGO_FOLDER") or tempfile.mkdtemp()

settings.configure(
    SECRET_KEY="a key",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    TIME_ZONE="Europe/Berlin",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{HERE}/db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    STATIC_URL="/static/",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
)
django.setup()

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.template import engines
from django.urls import path

call_command("migrate", verbosity=0)
User = get_user_model()
if not User.objects.filter(username="admin").exists():
    User.objects.create_superuser("admin", "a@example.org", "secret")


def page(request):
    template = engines["django"].from_string("<h1>{{ name }}</h1>")
    return HttpResponse(template.render({"name": request.GET.get("name", "<nobody>")}))


def form(request):
    request.session["name"] = request.POST["name"]
    return HttpResponseRedirect("/session")


def show(request):
    return HttpResponse(f"<h1>{request.session.get('name')}</h1>")


def upload(request):
    file = request.FILES["file"]
    return JsonResponse({"name": file.name, "size": len(file.read()), "text": request.POST["text"]})


def download(request):
    return FileResponse(open(__file__, "rb"), as_attachment=True)


def stream(request):
    name = request.GET["name"]
    return StreamingHttpResponse((f"{name} {number}\n" for number in range(1000)), content_type="text/plain")


def as_json(request):
    import json

    return JsonResponse(json.loads(request.body))


def error(request):
    raise RuntimeError("broken")


def users(request):
    return JsonResponse({"users": list(User.objects.values_list("username", flat=True))})


urlpatterns = [
    path("", page),
    path("form", form),
    path("session", show),
    path("upload", upload),
    path("download", download),
    path("stream", stream),
    path("json", as_json),
    path("error", error),
    path("users", users),
    path("admin/", admin.site.urls),
]
application = get_wsgi_application()

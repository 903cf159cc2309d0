"""The applications of all frameworks; the header X-Framework says which one answers."""

from importlib import import_module
from wsgiref.validate import validator

NAMES = {"bottle": "app", "django": "application", "falcon": "app", "flask": "app", "webob": "app"}
_validated = {}


def load(framework):
    return getattr(import_module(f"{framework}_app"), NAMES[framework])


def application(environ, start_response):
    return load(environ["HTTP_X_FRAMEWORK"])(environ, start_response)


def validated(environ, start_response):
    """The same behind wsgiref.validate, which reports what is wrong with the application or with the server."""
    framework = environ["HTTP_X_FRAMEWORK"]
    if framework not in _validated:
        _validated[framework] = validator(with_readable_input(load(framework)))
    return _validated[framework](environ, start_response)


class Input:
    """wsgi.input with read() without a size, which PEP 3333 allows, and validator does not."""

    def __init__(self, stream):
        self.stream = stream

    def read(self, size=-1):
        return self.stream.read(size)

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __iter__(self):
        return iter(self.stream)


def with_readable_input(app):
    def application(environ, start_response):
        environ["wsgi.input"] = Input(environ["wsgi.input"])
        return app(environ, start_response)

    return application

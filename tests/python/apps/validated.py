"""An application behind wsgiref.validate, which says what is wrong with the application or with the server."""

from importlib import import_module
from wsgiref.validate import validator


class Input:
    """wsgi.input, which may be read without a size: PEP 3333 allows that, and validator does not."""

    def __init__(self, stream):
        self.stream = stream

    def read(self, size=-1):
        return self.stream.read(size)

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __iter__(self):
        return iter(self.stream)


def make(module, name):
    app = getattr(import_module(module), name)

    def application(environ, start_response):
        environ["wsgi.input"] = Input(environ["wsgi.input"])
        return app(environ, start_response)

    return validator(application)

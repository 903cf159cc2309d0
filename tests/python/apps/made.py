"""What may be mistaken for an application."""

from os.path import join

TEXT = "no application"


def create_app():
    return None


class Thing:
    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return []


server = Thing()

from . import make


def app(environ, start_response):
    return make()(environ, start_response)

"""The application of application.ts for CPython's servers; not all of them add the length."""


def small(environ, start_response):
    headers = [("Content-Type", "text/plain"), ("Content-Length", "13")]
    start_response("200 OK", headers)
    return [b"Hello world!\n"]

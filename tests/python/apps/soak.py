"""The application of the soak: each block consists of the request's own variables."""

import contextvars
import hashlib
import threading

PLAIN = [("Content-Type", "text/plain")]
local = threading.local()
variable = contextvars.ContextVar("variable")


class Node:
    """Garbage in a cycle."""

    def __init__(self):
        self.own = self
        self.data = bytearray(1000)


def mine():
    return f"{local.name} {variable.get()}\n".encode()


def application(environ, start_response):
    name = environ["QUERY_STRING"]
    local.name = name
    variable.set(name)
    nodes = [Node() for _ in range(20)]
    kind = environ["PATH_INFO"]
    if kind == "/error":
        raise ValueError(name)
    start_response("200 OK", list(PLAIN))
    if kind == "/stream":
        return stream(nodes)
    if kind == "/upload":
        digest = hashlib.sha256()
        while block := environ["wsgi.input"].read(50_000):
            digest.update(block)
        return [mine(), digest.hexdigest().encode()]
    return [mine()]


def stream(nodes):
    try:
        for _ in range(8):
            yield mine()
    finally:
        local.ended = True

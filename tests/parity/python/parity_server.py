"""CPython's wsgiref.simple_server with the application of tests/parity/application.ts.

Prints one line of JSON, {"port": ..., "version": [...]}, and serves until its standard input ends.
"""

import os

os.environ.clear()  # Before wsgiref copies it: what is left is the environ of the request alone.

import json
import socket
import sys
import threading
import urllib.parse
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server


def application(environ, start_response):
    if environ["PATH_INFO"] == "/script":
        script = json.loads(urllib.parse.unquote(environ["QUERY_STRING"]))
        return perform(script, start_response)
    return echo(environ, start_response)


def echo(environ, start_response):
    """Answers with the environ and the body of the request, as JSON; to a HEAD in a header."""
    length = int(environ["CONTENT_LENGTH"] or 0)
    body = environ["wsgi.input"].read(length).decode("latin-1")
    seen = {key: as_json(value) for key, value in environ.items()}
    text = json.dumps({"environ": seen, "input": body})
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response("200 OK", [("X-Echo", text)])
        return [b"in a header"]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [text.encode("ascii")]


def as_json(value):
    return value if isinstance(value, (str, bool, tuple)) else "(object)"


def perform(script, start_response):
    """Does what a Script of tests/parity/application.ts says."""
    write = None

    def do(step):
        nonlocal write
        name, *args = step
        if name == "throw":
            raise RuntimeError("as the script says")
        if name == "write":
            write(as_block(args[0]))
            return
        status, headers = args
        headers = [(key, value) for key, value in headers]
        if name == "start again":
            try:
                raise RuntimeError("as the script says")
            except RuntimeError:
                write = start_response(status, headers, sys.exc_info())
        else:
            write = start_response(status, headers)

    def generate(steps):
        for step in steps:
            if step[0] == "yield":
                yield as_block(step[1])
            else:
                do(step)

    for step in script["call"]:
        do(step)
    if "other" in script:
        return {"none": None, "text": "text", "bytes": b"bytes", "number": 1}[script["other"]]
    if "generator" in script:
        return generate(script["generator"])
    blocks = [as_block(block) for block in script["list"]]
    return Unclosable(blocks) if script.get("close") == "throw" else blocks


class Unclosable(list):
    def close(self):
        raise RuntimeError("as the script says")


def as_block(value):
    """A text stands for its bytes; anything else is itself, a mistake of the application."""
    return value.encode("latin-1") if isinstance(value, str) else value


class SilentHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


class Server(WSGIServer):
    request_queue_size = 128  # With the usual 5, a client that comes in between waits a second.

    def handle_error(self, request, client_address):
        pass


def end_with_stdin():
    sys.stdin.buffer.read()
    os._exit(0)


# SERVER_NAME is what the resolver says of 127.0.0.1, which is another matter on every machine.
socket.getfqdn = lambda name="": "localhost"
server = make_server("127.0.0.1", 0, application, Server, SilentHandler)
threading.Thread(target=end_with_stdin, daemon=True).start()
print(json.dumps({"port": server.server_port, "version": sys.version_info[:3]}), flush=True)
server.serve_forever()

"""The applications of the tests of python_application(); the path names one."""

import contextvars
import gc
import hashlib
import io
import json
import os
import sys
import threading
import zoneinfo
from urllib.parse import unquote

PLAIN = [("Content-Type", "text/plain")]
HERE = os.path.dirname(__file__)
local = threading.local()
variable = contextvars.ContextVar("variable", default="none")
events = []


def ok(start_response, *blocks):
    start_response("200 OK", list(PLAIN))
    return [block if isinstance(block, bytes) else str(block).encode() for block in blocks]


def reads(environ, start_response):
    """Reads in every way."""
    body = environ["wsgi.input"]
    buffer = bytearray(3)
    parts = [body.read(2), body.readline(), body.readline(2), body.readlines(4)]
    count = body.readinto(buffer)
    parts += [bytes(buffer[:count]), list(body), body.read(), body.readline()]
    return ok(start_response, repr(parts))


def digest(environ, start_response):
    total, sha = 0, hashlib.sha256()
    while block := environ["wsgi.input"].read(100_000):
        total += len(block)
        sha.update(block)
    return ok(start_response, f"{total} {sha.hexdigest()}")


def count(environ, start_response):
    total = 0
    while block := environ["wsgi.input"].read(1_000_000):
        total += len(block)
    return ok(start_response, total)


MEBIBYTE = b"0123456789abcdef" * 65536


def yields(environ, start_response):
    start_response("200 OK", list(PLAIN))
    for _ in range(int(environ["QUERY_STRING"])):
        yield MEBIBYTE


def writes(environ, start_response):
    write = start_response("200 OK", list(PLAIN))
    for _ in range(int(environ["QUERY_STRING"])):
        write(MEBIBYTE)
    return [b"end"]


def writes_between(environ, start_response):
    """Mixes write() and blocks, beyond what is kept in memory."""
    write = start_response("200 OK", list(PLAIN))
    for number in range(40):
        write(b"w%d " % number * 5000)
        yield b"y%d " % number


def stream(environ, start_response):
    """Yields what the request's own variables are."""
    name = environ["QUERY_STRING"]
    local.name = name
    variable.set(name)
    start_response("200 OK", list(PLAIN))
    try:
        yield b"x" * 300_000
        for _ in range(100_000 if name == "leaving" else 20):
            yield f"{local.name} {variable.get()}\n".encode() * 5000
        yield f"{local.name} {variable.get()}".encode()
    except GeneratorExit:
        events.append(f"{name} left")
        raise
    finally:
        events.append(f"{name} closed")


def locals_left(environ, start_response):
    return ok(start_response, f"{getattr(local, 'name', None)} {variable.get()}")


def sets_locals(environ, start_response):
    local.name = environ["QUERY_STRING"]
    variable.set(local.name)
    return ok(start_response, "set")


def show_events(environ, start_response):
    text = json.dumps(events)
    events.clear()
    return ok(start_response, text)


class Closing:
    def __init__(self, blocks):
        self.blocks = blocks

    def __iter__(self):
        return iter(self.blocks)

    def close(self):
        events.append("closed")


def closing(environ, start_response):
    start_response("200 OK", list(PLAIN))
    return Closing([b"a", b"b"])


def closing_whole(environ, start_response):
    start_response("200 OK", [*PLAIN, ("Content-Length", "1")])
    return Closing([b"a"])


def file(environ, start_response):
    opened = open(os.path.join(HERE, "behaviour.py"), "rb")
    opened.read(3)
    start_response("200 OK", list(PLAIN))
    return environ["wsgi.file_wrapper"](opened)


def memory_file(environ, start_response):
    start_response("200 OK", list(PLAIN))
    return environ["wsgi.file_wrapper"](io.BytesIO(b"in memory" * 5000), 10)


def chained(environ, start_response):
    try:
        {}["missing"]
    except KeyError as error:
        raise ValueError("caf\u00e9") from error


def exits(environ, start_response):
    sys.exit("enough")


def interrupts(environ, start_response):
    raise KeyboardInterrupt


def deep(environ, start_response):
    try:
        json.loads("[" * 100_000)
    except RecursionError as error:
        return ok(start_response, type(error).__name__)


def deep_enough(environ, start_response):
    text = '["[[[\\\\", "a\\"[[[["]' * 1
    value = json.loads("[" * 400 + text + "]" * 400)
    for _ in range(400):
        value = value[0]
    return ok(start_response, json.dumps([value, len(json.loads("[" + ",".join(['{"a": "[["}'] * 5000) + "]"))]))


def runaway(environ, start_response):
    def recurse(n):
        return recurse(n + 1)

    try:
        recurse(0)
    except RecursionError:
        return ok(start_response, "RecursionError")


def crash(environ, start_response):
    value = []
    for _ in range(100_000):
        value = [value]
    return ok(start_response, repr(value))


def keys(environ, start_response):
    key = hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2, 20)
    other = hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16, dklen=16)
    return ok(start_response, key.hex(), b" ", other.hex())


def zones(environ, start_response):
    import datetime

    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    return ok(start_response, datetime.datetime(2026, 7, 1, tzinfo=zone).isoformat())


def printing(environ, start_response):
    print("to stdout")
    environ["wsgi.errors"].write("to the log: \u00e9\n")
    return ok(start_response, "printed")


def attempts(environ, start_response):
    """Tries what Deno may forbid, and reports the errors."""
    import socket
    import subprocess

    target = environ["QUERY_STRING"]

    def said(action):
        try:
            return str(action())
        except BaseException as error:
            return f"{type(error).__name__}: {error}"

    def deno(name, *args):
        import js

        return getattr(js.Deno, name)(*args)

    def command():
        import js

        return js.Deno.Command.new("ls").outputSync()

    return ok(
        start_response,
        json.dumps(
            {
                "open": said(lambda: open(f"{target}/secret.txt").read()),
                "open_elsewhere": said(lambda: open("/etc/hostname").read()),
                "write": said(lambda: open(f"{HERE}/new.txt", "w")),
                "remove": said(lambda: os.remove(f"{HERE}/behaviour.py")),
                "list": said(lambda: os.listdir(target)),
                "environ": said(lambda: os.environ.get("HOME_OF_TEST", "nothing")),
                "process": said(lambda: subprocess.run(["ls"])),
                "system": said(lambda: os.system("true")),
                "connect": said(lambda: socket.create_connection(("127.0.0.1", 9))),
                "listen": said(lambda: socket.create_server(("127.0.0.1", 0))),
                "send": said(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))),
                "uid": said(os.getuid),
                "gid": said(os.getegid),
                "js_read": said(lambda: deno("readTextFileSync", f"{target}/secret.txt")),
                "js_env": said(lambda: __import__("js").Deno.env.get("HOME_OF_TEST")),
                "js_run": said(command),
                "js_ffi": said(lambda: deno("dlopen", "libc.so.6", __import__("js").Object.new())),
                "own": said(lambda: open(f"{HERE}/behaviour.py").read(3)),
            }
        ),
    )


def loads(environ, start_response):
    """Loads `FILE:NAME` in the query string, and answers with its module, or with the message if it cannot be loaded."""
    import _tsgi_load

    file, _, name = unquote(environ["QUERY_STRING"]).partition(":")
    try:
        return ok(start_response, _tsgi_load.load(f"{HERE}/{file}", name, True).__module__)
    except _tsgi_load.NotFound as error:
        return ok(start_response, str(error))


def process(environ, start_response):
    return ok(start_response, f"{os.getpid()} {os.geteuid()} {os.getegid()}")


def memory(environ, start_response):
    gc.collect()
    return ok(start_response, len(gc.get_objects()))


def application(environ, start_response):
    return globals()[environ["PATH_INFO"][1:]](environ, start_response)


def create_application(greeting, *, end="."):
    def created(environ, start_response):
        return ok(start_response, greeting, end)

    return created

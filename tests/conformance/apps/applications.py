"""The applications of the conformance table in Python: what those beside this file do, by the same names.

The same headers say what is wanted; X-Validator puts wsgiref.validate around the application.
"""

import hashlib
import json
import os
from urllib.parse import parse_qs
from wsgiref.util import application_uri, request_uri, shift_path_info
from wsgiref.validate import validator

PLAIN = [("Content-Type", "text/plain")]
FACTS = {}


class Error(Exception):
    """What a script throws."""


def note(environ, fact):
    facts = FACTS.setdefault(environ["HTTP_X_KEY"], {})
    facts[fact] = facts.get(fact, 0) + 1


def ok(start_response, body):
    start_response("200 OK", list(PLAIN))
    return [body]


def as_json(value):
    """As JavaScript writes it, in ASCII."""
    return json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f").encode("ascii")


def digest_of(blocks):
    digest, length = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        length += len(block)
    return {"length": length, "sha256": digest.hexdigest()}


def pattern(size):
    return bytes([((i * 31 + (i >> 8) * 17) >> 3) & 255 for i in range(size)]) if size < 100000 else long_pattern(size)


def long_pattern(size):
    """The same, which is too slow byte by byte: its low bits repeat."""
    period = 256 * 256 * 8
    return (b"" if size == 0 else pattern_period(period) * (size // period + 1))[:size]


def pattern_period(period, known={}):
    if period not in known:
        known[period] = bytes([((i * 31 + (i >> 8) * 17) >> 3) & 255 for i in range(period)])
    return known[period]


# Scripts: X-Answer says what is done.


def script_of(environ):
    return json.loads(environ["HTTP_X_ANSWER"])


def block_of(step):
    if isinstance(step, str):
        return step.encode("latin-1")
    if "error" in step:
        raise Error(step["error"])
    return step["value"]


def steps(script):
    for step in script.get("blocks", []):
        yield block_of(step)


class Closing:
    """A result whose close() is noted."""

    def __init__(self, environ, script):
        self.environ, self.script = environ, script

    def close(self):
        note(self.environ, "closed")
        if "close" in self.script:
            raise Error(self.script["close"])


class Array(Closing, list):
    def __init__(self, environ, script):
        Closing.__init__(self, environ, script)
        list.__init__(self, steps(script))


class Sized(Closing):
    """As a set is: it has a length, but no order that one can rely on."""

    def __init__(self, environ, script):
        super().__init__(environ, script)
        self.blocks = dict.fromkeys(steps(script))

    def __iter__(self):
        return iter(self.blocks)


class Iterable(Closing):
    def __iter__(self):
        return steps(self.script)


class Reader(Closing):
    """Anything with read()."""

    def __init__(self, environ, script):
        super().__init__(environ, script)
        self.blocks = steps(script)

    def read(self, size):
        return next(self.blocks, b"")


def generator(environ, script):
    try:
        yield from steps(script)
    finally:
        note(environ, "finished")


KINDS = {
    "array": Array,
    "set": Sized,
    "iterable": Iterable,
    "generator": generator,
    "file": lambda environ, script: environ["wsgi.file_wrapper"](Reader(environ, script)),
}


def begin(environ, start_response, script):
    if "before" in script:
        raise Error(script["before"])
    status = script.get("status", "200 OK")
    if status is None:
        return
    headers = script.get("headers", [list(header) for header in PLAIN])
    if isinstance(headers, list):
        headers = [tuple(header) for header in headers]
    write = start_response(status, headers)
    if "after" in script:
        raise Error(script["after"])
    if script.get("write"):
        for block in script["write"]:
            write(block.encode("latin-1"))
        note(environ, "written")


def answer(environ, start_response):
    script = script_of(environ)
    begin(environ, start_response, script)
    return KINDS[script.get("kind", "array")](environ, script)


def generator_answer(environ, start_response):
    script = script_of(environ)
    begin(environ, start_response, script)
    try:
        yield from steps(script)
    finally:
        note(environ, "finished")


# Bodies of responses.


def query_of(environ):
    return {name: int(values[0]) for name, values in parse_qs(environ["QUERY_STRING"]).items()}


def app_pattern(environ, start_response):
    query = query_of(environ)
    data, block = pattern(query["size"]), query.get("block", 65536)
    start_response("200 OK", list(PLAIN))
    for start in range(0, len(data), block):
        yield data[start : start + block]


def pattern_block(environ, start_response):
    return ok(start_response, pattern(query_of(environ)["size"]))


def endless(environ, start_response):
    start_response("200 OK", list(PLAIN))
    try:
        while True:
            yield b"a" * 1000
    finally:
        note(environ, "finished")


def file(environ, start_response):
    opened = open(os.path.join(os.path.dirname(__file__), "../../../LICENSE"), "rb")
    opened.seek(int(environ["QUERY_STRING"]))
    start_response("200 OK", list(PLAIN))
    return environ["wsgi.file_wrapper"](opened, 100)


def no_file(environ, start_response):
    class NoFile:
        def read(self, size):
            return None

    start_response("200 OK", list(PLAIN))
    return environ["wsgi.file_wrapper"](NoFile())


# wsgi.input


def blocks_of(environ):
    while block := environ["wsgi.input"].read(10000):
        yield block


def input_digest(environ, start_response):
    return ok(start_response, as_json(digest_of(blocks_of(environ))))


def echo(environ, start_response):
    start_response("200 OK", list(PLAIN))
    return blocks_of(environ)


def input_text(environ, start_response):
    return ok(start_response, environ["wsgi.input"].read(1000))


def input_json(environ, start_response):
    return ok(start_response, as_json(json.loads(environ["wsgi.input"].read(1000))))


def input_lines(environ, start_response):
    lines = [line.decode().rstrip("\r\n") for line in environ["wsgi.input"]]
    return ok(start_response, as_json(lines))


def input_begun(environ, start_response):
    return ok(start_response, b"begun" if environ["wsgi.input"].read(10) else b"empty")


def input_kept(environ, start_response):
    return ok(start_response, b"kept" if environ["wsgi.input"].readline(10) else b"empty")


def input_left(environ, start_response):
    return ok(start_response, b"left")


def input_cut(environ, start_response):
    try:
        environ["wsgi.input"].read()
        note(environ, "input ended")
    except OSError:
        note(environ, "input failed")
    return ok(start_response, b"noted")


# environ


def show_environ(environ, start_response):
    names = environ["HTTP_X_SHOW"].split(" ")
    return ok(start_response, as_json({name: environ.get(name) for name in names}))


def wsgi_variables(environ, start_response):
    errors = environ["wsgi.errors"]
    file_wrapper = environ.get("wsgi.file_wrapper")
    return ok(
        start_response,
        as_json(
            {
                "version": environ["wsgi.version"],
                "input": all(callable(getattr(environ["wsgi.input"], name)) for name in ("read", "readline", "readlines", "__iter__")),
                "input_terminated": environ["wsgi.input_terminated"],
                "errors": ["function" if callable(each) else "" for each in (errors.write, errors.writelines, errors.flush)],
                "flags": ["boolean" if type(environ[f"wsgi.{name}"]) is bool else "" for name in ("multithread", "multiprocess", "run_once")],
                "file_wrapper": "function" if callable(file_wrapper) else "",
                "plain": type(environ) is dict,
                "copy": all(type(value) is str for name, value in environ.items() if not name.startswith("wsgi.")),
            }
        ),
    )


def uris(environ, start_response):
    segments = [shift_path_info(environ) for _ in range(int(environ.get("HTTP_X_SHIFT", 0)))]
    return ok(
        start_response,
        as_json(
            {
                "segments": segments,
                "script_name": environ["SCRIPT_NAME"],
                "path_info": environ["PATH_INFO"],
                "application": application_uri(environ),
                "request": request_uri(environ),
                "without_query": request_uri(environ, False),
            }
        ),
    )


def errors(environ, start_response):
    stream = environ["wsgi.errors"]
    stream.write("one\n")
    stream.writelines(["two\n", "thr", "ee\n"])
    stream.flush()
    return ok(start_response, b"logged")


def environ_changed(environ, start_response):
    seen = "x.seen" in environ
    environ.clear()
    environ["x.seen"] = True
    return ok(start_response, as_json({"seen": seen}))


# write()


def write_unawaited(environ, start_response):
    write = start_response("200 OK", list(PLAIN))
    for block in (b"a", b"b", b"c"):
        write(block)
    return [b"d"]


def write_wrong(environ, start_response):
    start_response("200 OK", list(PLAIN))("text")
    return []


def write_past_length(environ, start_response):
    write = start_response("200 OK", [*PLAIN, ("Content-Length", "3")])
    write(b"abc")
    try:
        write(b"d")
    except Exception:
        note(environ, "refused")
    return []


def write_then_error(environ, start_response):
    start_response("200 OK", list(PLAIN))(b"a")
    raise Error("after write()")


def write_in_generator(environ, start_response):
    start_response("200 OK", list(PLAIN))(b"a")
    yield b"b"


# Errors


def exc_info_before(environ, start_response):
    start_response("200 OK", [*PLAIN, ("X-First", "yes")])
    try:
        raise Error("handled")
    except Error:
        import sys

        start_response("503 Service Unavailable", list(PLAIN), sys.exc_info())
    return [b"replaced"]


def exc_info_after(environ, start_response):
    import sys

    start_response("200 OK", list(PLAIN))
    yield b"a"
    try:
        raise Error("too late")
    except Error:
        start_response("503 Service Unavailable", list(PLAIN), sys.exc_info())
    yield b"never"


def start_twice(environ, start_response):
    start_response("200 OK", list(PLAIN))
    start_response("200 OK", list(PLAIN))
    return [b"never"]


def headers_changed(environ, start_response):
    headers = list(PLAIN)
    start_response("200 OK", headers)
    headers[0] = ("Content-Type", "text/html")
    headers.append(("X-Late", "yes"))
    return [b"a"]


def head_as_get(environ, start_response):
    environ["REQUEST_METHOD"] = "GET"
    return ok(start_response, b"Hello")


def reject(environ, start_response):
    raise TypeError("rejected")


# The errors of an application's own connections.

NETWORK_ERRORS = {
    "BrokenPipe": BrokenPipeError("my child process"),
    "ConnectionReset": ConnectionResetError("my database"),
}


def fail(environ):
    raise NETWORK_ERRORS[environ["QUERY_STRING"]]


class Failing:
    """An iterator, or a file, that fails behind some blocks."""

    def __init__(self, environ, *blocks):
        self.environ, self.blocks = environ, list(blocks)

    def __iter__(self):
        return self

    def __next__(self):
        return self.read(None)

    def read(self, size):
        return self.blocks.pop(0) if self.blocks else fail(self.environ)


def network_error_in_function(environ, start_response):
    fail(environ)


def network_error_in_generator(environ, start_response):
    fail(environ)
    yield


def network_error_in_stream(environ, start_response):
    start_response("200 OK", list(PLAIN))
    return Failing(environ)


def network_error_in_file(environ, start_response):
    start_response("200 OK", list(PLAIN))
    return environ["wsgi.file_wrapper"](Failing(environ))


def network_error_in_with_input(environ, start_response):
    environ["wsgi.input"].read()
    fail(environ)


def network_error_in_generator_begun(environ, start_response):
    start_response("200 OK", list(PLAIN))
    yield b"a"
    fail(environ)


def network_error_in_stream_begun(environ, start_response):
    start_response("200 OK", list(PLAIN))
    return Failing(environ, b"a")


def network_error_in_write(environ, start_response):
    start_response("200 OK", list(PLAIN))(b"a")
    fail(environ)


class FailingToClose(list):
    def __init__(self, environ, blocks):
        super().__init__(blocks)
        self.close = lambda: fail(environ)


def network_error_in_close(environ, start_response):
    start_response("200 OK", list(PLAIN))
    return FailingToClose(environ, [b"a"])


class ClearedByClose(list):
    def close(self):
        self.clear()


def array_cleared_by_close(environ, start_response):
    start_response("200 OK", list(PLAIN))
    return ClearedByClose([b"a", b"b", b"c"])


def returning(result):
    def application(environ, start_response):
        start_response("200 OK", list(PLAIN))
        return result

    return application


APPLICATIONS = {
    name: value
    for name, value in globals().items()
    if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:2] == ("environ", "start_response")
}
APPLICATIONS["pattern"] = app_pattern
APPLICATIONS["environ"] = show_environ
APPLICATIONS |= {
    f"return_{name}": returning(result)
    for name, result in {"string": "text", "null": None, "number": 5, "bytes": b"bare", "object": object(), "function": lambda: []}.items()
}
VALIDATED = {name: validator(app) for name, app in APPLICATIONS.items()}


def facts(environ, start_response):
    return ok(start_response, as_json(FACTS.get(environ["HTTP_X_KEY"], {})))


def mark(environ, start_response):
    environ["wsgi.errors"].write(environ["HTTP_X_KEY"] + "\n")
    return ok(start_response, b"marked")


SERVICE = {"facts": facts, "mark": mark}


def application(environ, start_response):
    name = environ["HTTP_X_APPLICATION"]
    apps = VALIDATED if environ.get("HTTP_X_VALIDATOR") else APPLICATIONS
    return (SERVICE.get(name) or apps[name])(environ, start_response)

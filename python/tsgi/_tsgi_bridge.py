"""Calls a WSGI application (PEP 3333) on behalf of JavaScript: the counterpart of bridge.ts.

JavaScript makes one call at a time: for the application, for each step of its result, and to close that. Text and
blocks are exchanged through two byte arrays that both sides see, because converting a string of 500 characters takes
ten times as long as writing and reading it.
"""

import io
import json
import signal
from contextvars import copy_context

from _tsgi_lanes import begin, end, resume
from _tsgi_response import Exchange, END, bytes_of, describe
from _tsgi_errors import HERE, described

SIZE = 65536
INPUT = bytearray(SIZE)  # from JavaScript: a request, then blocks of its body
OUTPUT = bytearray(2 * SIZE)  # to JavaScript: a head, then blocks
_input = memoryview(INPUT)
_output = memoryview(OUTPUT)

_application = None
_host = None  # the functions of JavaScript, see bridge.ts
_live = {}  # by number, the exchanges whose result has not been taken and closed yet


def set_up(host):
    global _host
    _host = host
    Exchange.host = host


def set_application(application):
    global _application
    _application = application


class GivenUp(BaseException):
    """A call took too long. It is not an Exception, because applications catch those."""

    __module__ = "builtins"  # so that a traceback shows its name without a module


_timeout = None


def limit_time(timeout):
    """Makes an interrupt by JavaScript end a call by an exception."""
    global _timeout
    _timeout = f"{timeout:g}"
    signal.signal(signal.SIGINT, give_up)


def give_up(number, frame):
    """Raises GivenUp in the application. If code of ours is running, it waits for the next signal."""
    if not _telling and not frame.f_code.co_filename.startswith(HERE) and _host.is_given_up():
        raise GivenUp(f"a call had not ended within {_timeout} s")


_telling = False  # whether an exception is being described


def told(error):
    """The description of an exception, as JSON."""
    global _telling
    _telling = True
    try:
        return json.dumps(described(error))
    finally:
        _telling = False


class Body(io.RawIOBase):
    """The raw stream of a request body that is longer than INPUT, and that JavaScript has in memory or in a file."""

    def __init__(self, number):
        self._number = number

    def readable(self):
        return True

    def readinto(self, buffer):
        size = min(len(buffer), SIZE)
        if size == 0:
            return 0
        count = _host.take(self._number, size)
        if count < 0:
            raise OSError(_host.problem(self._number))
        memoryview(buffer).cast("B")[:count] = _input[:count]
        return count


class Errors:
    """wsgi.errors."""

    encoding = "utf-8"
    errors = "backslashreplace"
    closed = False

    def __init__(self, number):
        self._number = number

    def write(self, text):
        if type(text) is not str and not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if not text.isascii():
            text = text.encode("utf-8", "backslashreplace").decode()
        _host.log(self._number, text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def isatty(self):
        return False

    def writable(self):
        return True


class FileWrapper:
    """wsgi.file_wrapper: the server reads a file on disk itself, from its current position; others are read here."""

    def __init__(self, filelike, blksize=8192):
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.blksize)
        if data:
            return data
        raise StopIteration


CONSTANTS = {
    "wsgi.input": None,
    "wsgi.errors": None,
    "wsgi.version": (1, 0),
    "wsgi.input_terminated": True,
    "wsgi.file_wrapper": FileWrapper,
    "wsgi.multithread": False,
}

_shapes = []  # for each shape (see environ.ts) the last environ, which the next one is made from


def add_shape(size):
    """Adds a shape, with the variables that all its requests have in common; returns its number."""
    shape = json.loads(INPUT[:size] if size else _host.text())
    _shapes.append((CONSTANTS | shape["base"], shape["extras"]))
    return len(_shapes) - 1


def forget_shapes():
    _shapes.clear()


def environ_of(request):
    """The environ of a request, and its number."""
    parts = request.split("\0")
    number, body = int(parts[1]), parts[2]
    last, has_extras = _shapes[int(parts[0])]
    for index in range(3, len(parts), 2):
        value = parts[index + 1]
        # U+0100 stands for a NUL.
        last[parts[index]] = value if value.isascii() else value.replace("\u0100", "\0")
    environ = last.copy()
    if body == "":
        environ["wsgi.input"] = io.BytesIO()
    elif body == "+":
        environ["wsgi.input"] = io.BufferedReader(Body(number), SIZE)
    else:
        size = int(body)
        _host.take(number, size)
        environ["wsgi.input"] = io.BytesIO(INPUT[:size])
    environ["wsgi.errors"] = Errors(number)
    if has_extras:
        environ.update(_host.extras(number).to_py())
    return environ, number


def call(size):
    """Answers a request; returns the size of the head in OUTPUT, see put()."""
    environ, number = environ_of((INPUT[:size] if size else _host.text().encode()).decode())
    exchange = Exchange(number)
    context = exchange.context = copy_context()
    begin(exchange)
    try:
        return context.run(respond, exchange, environ)
    except BaseException as error:  # SystemExit too: an application must not end the server.
        return failed(exchange, error)
    finally:
        if number not in _live:
            exchange.over = True
            end(exchange)


def respond(exchange, environ):
    result = exchange.result = _application(environ, exchange.start_response)
    if type(result) is list or type(result) is tuple:  # A subclass may have a close() or an __iter__() of its own.
        return give_all(exchange, result)
    file = file_of(exchange, result) if isinstance(result, FileWrapper) else None
    exchange.blocks = iterator_of(result)
    if file is not None:
        return put(exchange, file)
    block = next_block(exchange)
    if block is END:
        exchange.check_begun()
        return close_complete(exchange, [])
    exchange.check_begun()
    # If the first block is probably the whole body, look whether it is: a complete response needs no further call.
    if (exchange.length == str(len(block)) or has_one_block(result)) and not exchange.sent:
        rest = next_block(exchange)
        if rest is END:
            return close_complete(exchange, [block])
        exchange.rest = rest
    _live[exchange.number] = exchange
    return put(exchange, "+", [block])


def iterator_of(result):
    try:
        if isinstance(result, (str, bytes)):
            raise TypeError
        return iter(result)
    except TypeError:
        raise TypeError(f"an application must return an iterable of bytes, got {describe(result)}") from None


def has_one_block(result):
    """Whether a result has len() 1. Then the server can set Content-Length, as wsgiref's does."""
    return hasattr(type(result), "__len__") and len(result) == 1


def give_all(exchange, blocks):
    for block in blocks:
        bytes_of(block)
    exchange.check_begun()
    return put(exchange, "=", blocks)


def close_complete(exchange, blocks):
    """Closes the result of a complete response. An error in close() is only logged."""
    try:
        close_result(exchange)
    except BaseException as error:
        exchange.error = error
        _live[exchange.number] = exchange
        return put(exchange, "!", blocks)
    return put(exchange, "=", blocks)


def close_result(exchange):
    result, exchange.result, exchange.blocks = exchange.result, None, None
    close = getattr(result, "close", None)
    if close is not None:
        close()


def next_block(exchange):
    """The next block that is not empty, or END."""
    for block in exchange.blocks:
        if type(block) is not bytes:
            bytes_of(block)
        if block:
            return block
    return END


def file_of(exchange, result):
    """The answer that has the server read the file of a file_wrapper; None if it is not an open file."""
    try:
        number, position = result.filelike.fileno(), result.filelike.tell()
    except (AttributeError, OSError, ValueError):
        return None
    exchange.check_begun()
    _live[exchange.number] = exchange
    return f"@{number},{position}"


def put(exchange, kind, blocks=()):
    """Puts an answer into OUTPUT: its kind and details, a NUL, the head of the response unless it has been sent, blocks.

    The kinds: "=" a complete response, which has been closed; "!" the same, but close() failed; "+" the first block, more
    follow; "@" an open file; "-" an exception; "x" an exception because the call took too long. Returns the size of what
    precedes the blocks; 0 if all of it was too long for OUTPUT and has been passed to _host.keep().
    """
    head = "" if exchange.sent else exchange.head
    exchange.sent = True
    sizes = len(blocks[0]) if len(blocks) == 1 else ",".join([str(len(block)) for block in blocks])
    begin = f"{kind}{sizes}\0{head}".encode()
    data = begin + blocks[0] if len(blocks) == 1 else begin + b"".join(blocks)
    if len(data) > len(OUTPUT):
        _host.keep(exchange.number, begin, data[len(begin):])
        return 0
    _output[:len(data)] = data
    return len(begin)


def step(number):
    """Puts the next block into OUTPUT; returns its size, 0 at the end, -1 for an error, -2 if it went to _host.keep()."""
    exchange = _live[number]
    resume(exchange)
    try:
        block = exchange.rest
        if block is None:
            block = exchange.context.run(next_block, exchange)
        exchange.rest = None
        if block is END:
            return 0
    except BaseException as error:
        exchange.error = error
        return -1
    size = len(block)
    if size > len(OUTPUT):
        _host.keep(number, b"", block)
        return -2
    _output[:size] = block
    return size


def close(number):
    """Ends an exchange and closes its result, unless that is done; returns whether close() failed."""
    exchange = _live[number]
    exchange.over = True
    resume(exchange)
    try:
        exchange.context.run(close_result, exchange)
    except BaseException as error:
        exchange.error = error
    end(exchange)
    if exchange.error is None:
        del _live[number]
        return False
    return True


def failed(exchange, error):
    """Answers with an exception that was raised before the response began, and closes the result."""
    exchange.over = True
    _live.pop(exchange.number, None)
    try:
        exchange.context.run(close_result, exchange)
    except BaseException as closing_error:
        if closing_error.__context__ is error:
            closing_error.__context__ = None  # It is reported separately.
        _host.log(exchange.number, described(closing_error)["text"])
    exchange.head = told(error)
    exchange.sent = False
    return put(exchange, f"x{_timeout}" if isinstance(error, GivenUp) else "-")


def error_of(number):
    """The error of an exchange, as JSON."""
    exchange = _live[number]
    error, exchange.error = exchange.error, None
    if exchange.over:
        del _live[number]
    return told(error)

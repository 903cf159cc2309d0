"""Calls a WSGI application of Python (PEP 3333) for the requests that JavaScript has: the other half of bridge.ts.

Every call from JavaScript is a plain one and ends before the next begins: an application, a step of its result, its
end. Numbers cross as they are; text and blocks go through two arrays of bytes that JavaScript sees as its own, as a
string of 500 characters takes ten times as long to convert as to write and to read.
"""

import io
import json
import signal
from contextvars import copy_context

from _tsgi_lanes import begin, end, resume
from _tsgi_response import Exchange, END, bytes_of, describe
from _tsgi_errors import HERE, described

SIZE = 65536
INPUT = bytearray(SIZE)  # what JavaScript has for Python: a request, then a block of its body
OUTPUT = bytearray(2 * SIZE)  # what Python has for JavaScript: a head, then blocks
_input = memoryview(INPUT)
_output = memoryview(OUTPUT)

_application = None
_host = None  # what Python may ask of JavaScript
_live = {}  # the exchanges whose result is still to be taken, or to be closed, by their numbers


def set_up(host):
    global _host
    _host = host
    Exchange.host = host


def set_application(application):
    global _application
    _application = application


class GivenUp(BaseException):
    """A call has taken too long. It is no Exception, as an application catches those."""

    __module__ = "builtins"  # A traceback says its name alone.


_timeout = None


def limit_time(timeout):
    """Has calls end by an exception when JavaScript interrupts them."""
    global _timeout
    _timeout = f"{timeout:g}"
    signal.signal(signal.SIGINT, give_up)


def give_up(number, frame):
    """Ends what the application does, and nothing of ours, which is not made for that: there will be another signal."""
    if not _telling and not frame.f_code.co_filename.startswith(HERE) and _host.is_given_up():
        raise GivenUp(f"a call had not ended within {_timeout} s")


_telling = False  # whether an exception is being put into words


def told(error):
    """What is told of an exception, as JSON."""
    global _telling
    _telling = True
    try:
        return json.dumps(described(error))
    finally:
        _telling = False


# What becomes of a request.


class Body(io.RawIOBase):
    """A request body that is longer than one block: JavaScript has kept it, in memory or in a file."""

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
    """wsgi.file_wrapper: the server sends a file of the disk by itself, from where it stands; others are read here."""

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
    # A call ends before another begins.
    "wsgi.multithread": False,
}

_shapes = []  # of requests that bring the same variables, the last: what the next is made of


def add_shape(size):
    """Takes the variables that are the same in all requests of a shape; gives its number."""
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
        # What stands for a NUL, which a path may hold.
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
    """Answers a request; gives how much of OUTPUT the head takes that says what follows it."""
    environ, number = environ_of((INPUT[:size] if size else _host.text().encode()).decode())
    exchange = Exchange(number)
    context = exchange.context = copy_context()
    begin(exchange)
    try:
        return context.run(respond, exchange, environ)
    except BaseException as error:  # SystemExit as well: an application ends no server.
        return failed(exchange, error)
    finally:
        if number not in _live:
            exchange.over = True
            end(exchange)


def respond(exchange, environ):
    result = exchange.result = _application(environ, exchange.start_response)
    if type(result) is list or type(result) is tuple:  # Others may have a close(), or an iteration of their own.
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
    # The first of a body is mostly all of it. Then it is complete only when the iteration has ended, and is closed.
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
    """Whether a result says so itself: then the server knows the length of the body, as wsgiref's does."""
    return hasattr(type(result), "__len__") and len(result) == 1


def give_all(exchange, blocks):
    for block in blocks:
        bytes_of(block)
    exchange.check_begun()
    return put(exchange, "=", blocks)


def close_complete(exchange, blocks):
    """Closes the result of a response that is complete; an error of that cannot change it any more."""
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
    """How the server finds the file of a file_wrapper, if it is one that the system knows."""
    try:
        number, position = result.filelike.fileno(), result.filelike.tell()
    except (AttributeError, OSError, ValueError):
        return None
    exchange.check_begun()
    _live[exchange.number] = exchange
    return f"@{number},{position}"


def put(exchange, kind, blocks=()):
    """Puts the response, or its beginning, into OUTPUT."""
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
    """The next block of a result: its size; 0 at the end; -1 after an error; -2 where it has been kept."""
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
    """Ends an exchange: closes its result, if that is still to be done. Whether that has failed."""
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
    """An error before the response has begun: closes the result, and tells of it."""
    exchange.over = True
    _live.pop(exchange.number, None)
    try:
        exchange.context.run(close_result, exchange)
    except BaseException as closing_error:
        if closing_error.__context__ is error:
            closing_error.__context__ = None  # It is told of by itself.
        _host.log(exchange.number, described(closing_error)["text"])
    exchange.head = told(error)
    exchange.sent = False
    return put(exchange, f"x{_timeout}" if isinstance(error, GivenUp) else "-")


def error_of(number):
    """What an exchange has failed with, as JSON."""
    exchange = _live[number]
    error, exchange.error = exchange.error, None
    if exchange.over:
        del _live[number]
    return told(error)

"""One request and its response: the counterpart of exchange.ts."""

import re
from wsgiref.util import is_hop_by_hop

END = object()


class Exchange:
    """start_response(), write(), and the state of the response."""

    host = None  # the functions of JavaScript, see bridge.ts
    head = None  # status and headers, as they are passed to JavaScript
    length = None  # the Content-Length, if there is one
    sent = False  # whether JavaScript has the head
    written = 0  # the number of bytes passed to write()
    over = False
    result = None
    blocks = None  # the iterator of the result
    rest = None  # the next block or END, if it has been taken already
    error = None

    def __init__(self, number):
        self.number = number

    def start_response(self, status, headers, exc_info=None):
        if exc_info is not None:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # avoids a reference cycle
        elif self.head is not None:
            raise AssertionError("start_response() was called a second time without exc_info")
        if self.over:
            raise AssertionError("start_response() was called after the response had ended")
        self.head, self.length = head_of(status, headers)
        return self.write

    def write(self, data):
        if self.over:
            raise AssertionError("write() was called after the response had ended")
        bytes_of(data)
        self.written += len(data)
        if self.length is not None and self.written > int(self.length):
            raise ValueError(f"write() goes past the Content-Length of {self.length}: {self.written} bytes")
        head = None if self.sent else self.head
        self.sent = True
        problem = self.host.write(self.number, head, data)
        if problem:
            raise AssertionError(problem)

    def check_begun(self):
        if self.head is None:
            raise AssertionError("the application did not call start_response()")


_statuses = set()  # statuses and header names that have passed the checks
_names = set()


def head_of(status, headers):
    """Status and headers as one string, and the Content-Length; raises an exception if they are not valid."""
    if status not in _statuses:
        check_status(status)
    if type(headers) is not list:
        raise TypeError(f"headers must be a list of (name, value), got {describe(headers)}")
    parts = [status]
    length = None
    for header in headers:
        if type(header) is not tuple or len(header) != 2:
            raise TypeError(f"a header must be a tuple (name, value), got {describe(header)}")
        name, value = header
        if name not in _names:
            check_name(name)
        if type(value) is not str or not (value.isascii() and value.isprintable()):
            check_value(name, value)
        parts += header
        if len(name) == 14 and name.lower() == "content-length":
            length = check_length(value)
    return "\0".join(parts), length


CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
WIDE = re.compile("[^\x00-\xff]")
STATUS = re.compile("[2-9][0-9][0-9] ")
TOKEN = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
MOST_KNOWN = 1000  # because an application may make up names


def check_status(status):
    check_text(status, "the status")
    if not STATUS.match(status):
        raise ValueError(f"the status must be three digits from 200 on, a space and a reason, got {status!r}")
    if len(_statuses) < MOST_KNOWN:
        _statuses.add(status)


def check_name(name):
    if not isinstance(name, str) or not TOKEN.fullmatch(name):
        raise ValueError(f"a header name must be a token, got {describe(name)}")
    if is_hop_by_hop(name):
        raise AssertionError(f"an application must not send the hop-by-hop header {name}")
    if name.lower() == "status":  # PEP 3333; with CGI it would replace the status.
        raise AssertionError(f"an application must not send the header {name}: the status is an argument of its own")
    if len(_names) < MOST_KNOWN:
        _names.add(name)


def check_value(name, value):
    check_text(value, f"the value of header {name}")


def check_text(text, what):
    """PEP 3333: no control characters, and only characters that stand for a byte."""
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a string, got {describe(text)}")
    if CONTROL.search(text):
        raise ValueError(f"{what} must not contain control characters, got {text!r}")
    if WIDE.search(text):
        raise ValueError(f"{what} must hold characters up to U+00FF only, got {text!r}")


def check_length(value):
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"Content-Length must be decimal digits, got {value!r}")
    return value


def bytes_of(block):
    if not isinstance(block, bytes):
        hint = ": encode it" if isinstance(block, str) else ""
        raise TypeError(f"the body must be given as bytes, got {describe(block)}{hint}")


def describe(value):
    return repr(value) if value is None or isinstance(value, (str, int, float)) else f"an object of class {type(value).__name__}"

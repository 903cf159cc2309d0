"""One request on its way: what the application has said of its response so far."""

import re

END = object()


class Exchange:
    """start_response() and write(), and what they have been told."""

    host = None  # what Python may ask of JavaScript
    head = None  # status and headers, as they are handed on
    length = None  # the Content-Length among them
    sent = False  # whether that has been handed on
    over = False
    result = None
    blocks = None  # the iterator of the result
    rest = None  # a block that was taken too early
    error = None

    def __init__(self, number):
        self.number = number

    def start_response(self, status, headers, exc_info=None):
        if exc_info is not None:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # No circle of the traceback and this frame.
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
        head = None if self.sent else self.head
        self.sent = True
        problem = self.host.write(self.number, head, data)
        if problem:
            raise AssertionError(problem)

    def check_begun(self):
        if self.head is None:
            raise AssertionError("the application did not call start_response()")


def head_of(status, headers):
    """Status and headers as they are handed on, and the Content-Length."""
    if type(status) is not str:
        raise TypeError(f"the status must be a str, got {describe(status)}")
    if type(headers) is not list:
        raise TypeError(f"the headers must be a list of tuples, got {describe(headers)}")
    parts = [status]
    length = None
    try:
        for name, value in headers:
            parts.append(name)
            parts.append(value)
            if len(name) == 14 and name.lower() == "content-length":
                length = value
        text = "".join(parts)
    except (TypeError, ValueError):
        check_types(headers)
        raise
    if not (text.isascii() and text.isprintable()):
        check_text(parts)
    return "\0".join(parts), length


CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
WIDE = re.compile("[^\x00-\xff]")


def check_text(parts):
    """PEP 3333: no control characters, in particular no line feeds, and nothing that is no byte."""
    for index, text in enumerate(parts):
        what = "the status" if index == 0 else f"the value of header {parts[index - 1]}" if index % 2 == 0 else "a header name"
        if CONTROL.search(text):
            raise ValueError(f"{what} must not hold control characters, got {text!r}")
        if WIDE.search(text):
            raise ValueError(f"{what} must hold characters up to U+00FF only, got {text!r}")


def check_types(headers):
    for header in headers:
        if type(header) is not tuple or len(header) != 2:
            raise TypeError(f"a header must be a tuple of name and value, got {describe(header)}")
        for text in header:
            if not isinstance(text, str):
                raise TypeError(f"the name and the value of a header must be a str, got {describe(text)}")


def bytes_of(block):
    if not isinstance(block, bytes):
        hint = ": encode it" if isinstance(block, str) else ""
        raise TypeError(f"the body must be given as bytes, got {describe(block)}{hint}")


def describe(value):
    return repr(value) if value is None or isinstance(value, (str, int, float)) else f"an object of class {type(value).__name__}"

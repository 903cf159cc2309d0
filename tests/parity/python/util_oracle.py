"""What CPython's own wsgiref answers: util_oracle.py NAME, inputs on stdin, answers on stdout.

Both are JSON arrays, one answer for each input. An exception that no input should cause ends the script.
"""

import json
import sys
from wsgiref import headers, util


def guess_scheme(environ):
    return util.guess_scheme(environ)


def application_uri(environ):
    return util.application_uri(environ)


def request_uri(environ):
    return [util.request_uri(environ), util.request_uri(environ, False)]


def shift_path_info(case):
    """Shifts several times on one environ; each step tells what came back and what the environ became."""
    environ = case["environ"]
    steps = []
    for _ in range(case["shifts"]):
        try:
            name = util.shift_path_info(environ)
        except IndexError:  # A PATH_INFO without a slash.
            steps.append(["raises", dict(environ)])
            break
        steps.append([name, dict(environ)])
    return steps


def header_operations(case):
    """Works on one Headers; each step tells what came back and what the list became."""
    pairs = [tuple(pair) for pair in case["headers"]]
    subject = headers.Headers(pairs)
    steps = []
    for operation, *args in case["operations"]:
        answer = OPERATIONS[operation](subject, *args)
        steps.append([answer, list(pairs)])
    return steps


OPERATIONS = {
    "length": len,
    "get": headers.Headers.get,
    "get_all": headers.Headers.get_all,
    "has": headers.Headers.__contains__,
    "set": headers.Headers.__setitem__,
    "delete": headers.Headers.__delitem__,
    "setdefault": headers.Headers.setdefault,
    "add_header": lambda subject, name, value, params: subject.add_header(
        name, value, **dict(params)
    ),
    "keys": headers.Headers.keys,
    "values": headers.Headers.values,
    "items": headers.Headers.items,
    "toString": str,
    "to_bytes": lambda subject: list(bytes(subject)),
}


ask = globals()[sys.argv[1]]
cases = json.load(sys.stdin.buffer)
# In ASCII, so that the platform's encoding of stdout does not matter.
json.dump([ask(case) for case in cases], sys.stdout)

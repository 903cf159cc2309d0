"""Adds what Pyodide's standard library lacks, and replaces what would crash or hang the process."""

import asyncio
import errno
import hashlib
import json.decoder
import os
import re
import socket
import zoneinfo
from itertools import accumulate

from pyodide.ffi import to_js

# The deepest nesting of JSON. The parser in C would overflow the stack of JavaScript, which nobody can catch, before
# CPython would raise a RecursionError: a client could crash the process.
DEEPEST = 500


def patch(host):
    # Pyodide's event loop always counts as running. Django would take every request for an asynchronous one.
    asyncio._set_running_loop(None)
    if not hasattr(hashlib, "pbkdf2_hmac"):
        hashlib.pbkdf2_hmac = pbkdf2_hmac_by(host.pbkdf2)
    if not hasattr(hashlib, "scrypt"):
        hashlib.scrypt = scrypt_by(host.scrypt)
    if os.path.isdir("/usr/share/zoneinfo"):
        zoneinfo.reset_tzpath(["/usr/share/zoneinfo"])
    guard_json()
    os.system = no_process
    pid = host.pid
    os.getpid = lambda: pid  # In Pyodide every process has the same.
    os.getuid = os.geteuid = lambda: allowed_id(host.user_id("uid"), "uid")
    os.getgid = os.getegid = lambda: allowed_id(host.user_id("gid"), "gid")
    for name in ("bind", "connect", "connect_ex", "listen", "sendmsg", "sendto"):
        setattr(socket.socket, name, no_connection)


def no_process(command):
    """Pyodide would pass the command to Node, and crash if Deno forbids that."""
    raise OSError(errno.ENOSYS, "there are no processes on WebAssembly")


def no_connection(self, *args):
    """Pyodide would pretend to be connected and never send a byte, or crash if Deno forbids what it tries."""
    raise OSError(errno.ENETUNREACH, "there are no connections on WebAssembly")


def allowed_id(number, kind):
    """The id of a user or group. Pyodide would crash if Deno does not allow it."""
    if number is None:
        raise PermissionError(errno.EACCES, f"the {kind} is not known without --allow-sys={kind}")
    return number


def derived(answer):
    """The derived key; the host answers with a message instead if it fails."""
    if isinstance(answer, str):
        raise ValueError(answer)
    return answer.to_bytes()


def pbkdf2_hmac_by(derive):
    def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
        """hashlib.pbkdf2_hmac (RFC 8018), by node:crypto."""
        size = hashlib.new(hash_name).digest_size if dklen is None else dklen
        if iterations < 1 or size < 1:
            raise ValueError("iterations and dklen must be greater than 0")
        return derived(derive(hash_name, to_js(bytes(password)), to_js(bytes(salt)), iterations, size))

    return pbkdf2_hmac


def scrypt_by(derive):
    def scrypt(password, *, salt, n, r, p, maxmem=0, dklen=64):
        """hashlib.scrypt (RFC 7914), by node:crypto."""
        return derived(derive(to_js(bytes(password)), to_js(bytes(salt)), n, r, p, maxmem or 32 << 20, dklen))

    return scrypt


ALL_BUT_BRACKETS = {code: None for code in range(128) if chr(code) not in '[]{}"'}
STRING = re.compile('"[^"]*"')
OTHERS = re.compile('[^][{}"]+')
STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


def depth_of(text):
    """How deep the arrays and objects in a JSON text are nested."""
    text = text.replace("\\\\", "").replace('\\"', "")
    text = text.translate(ALL_BUT_BRACKETS) if text.isascii() else OTHERS.sub("", text)
    brackets = STRING.sub("", text).replace('"', "")
    return max(accumulate(map(STEP.__getitem__, brackets)), default=0)


def guard_json():
    plain = json.decoder.JSONDecoder.raw_decode

    def raw_decode(self, s, idx=0):
        if s.count("[") + s.count("{") > DEEPEST and depth_of(s) > DEEPEST:
            raise RecursionError(f"maximum recursion depth exceeded while decoding JSON: it is nested deeper than {DEEPEST}")
        return plain(self, s, idx)

    json.decoder.JSONDecoder.raw_decode = raw_decode

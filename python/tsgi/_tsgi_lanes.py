"""Makes threading.local local to a request.

A server with threads runs each request on a thread of its own, so what the application keeps in a threading.local
belongs to that request. Here all requests share one thread, and while a response waits for its client, others are
answered. So each request runs in a lane, and switching lanes replaces the attributes of every threading.local. A request
whose response is complete at once, as nearly all are, frees its lane for the next one: nothing is switched.
"""

import _thread
import threading
import weakref

_base = _thread._local
_locals = {}  # by id: a weak reference to each local, and the arguments it was created with
_dict_of = _base.__getattribute__


class local(_base):
    """Thread-local data, here local to a request."""

    def __new__(cls, /, *args, **kwargs):
        self = super().__new__(cls, *args, **kwargs)
        key = id(self)
        _locals[key] = weakref.ref(self, lambda _: _locals.pop(key, None)), args, kwargs
        return self


class Lane:
    __slots__ = ("owner", "kept")

    def __init__(self):
        self.owner = None
        self.kept = {}


_current = Lane()
_free = []


def begin(exchange):
    """Assigns a free lane to a request."""
    if _current.owner is not None:
        _switch(_free.pop() if _free else Lane())
    _current.owner = exchange
    exchange.lane = _current


def resume(exchange):
    """Switches to the lane of a request."""
    if exchange.lane is not _current:
        _switch(exchange.lane)


def end(exchange):
    exchange.lane.owner = None


def _switch(lane):
    global _current
    if _current.owner is None:
        _free.append(_current)
    kept, theirs = {}, lane.kept
    _current.kept = kept
    _current, lane.kept = lane, None
    for key, (reference, args, kwargs) in list(_locals.items()):
        each = reference()
        if each is None:
            continue
        attributes = _dict_of(each, "__dict__")
        kept[key] = reference, attributes.copy()
        attributes.clear()
        before, others = theirs.get(key, (None, None))
        if before is reference:
            attributes.update(others)
        elif type(each).__init__ is not object.__init__:
            each.__init__(*args, **kwargs)  # As CPython does in each thread that uses it.


def patch():
    local.__module__, local.__qualname__ = "_thread", "_local"
    threading.local = _thread._local = local

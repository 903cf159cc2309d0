"""threading.local for requests whose results are taken step by step.

A server with threads gives a request that is under way a thread of its own, so what the application keeps in a
threading.local is that request's alone. Here all run on one thread; while one waits for its client between two blocks,
another is answered. So a request that is not answered in one go keeps its lane: when the steps of two lanes follow each
other, the attributes of every threading.local are put away and those of the other lane put in their place. Requests that
are answered in one go, which are nearly all, stay on one lane, and cost nothing.
"""

import _thread
import threading
import weakref

_base = _thread._local
_locals = {}  # every local there is, by its id: a weak reference, and what it was made with
_dict_of = _base.__getattribute__


class local(_base):
    """Thread-local data: here, data of the request."""

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
    """Gives a request a lane that no other has."""
    if _current.owner is not None:
        _switch(_free.pop() if _free else Lane())
    _current.owner = exchange
    exchange.lane = _current


def resume(exchange):
    """Goes on with a request."""
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
            each.__init__(*args, **kwargs)  # As for every thread that comes to know of it.


def patch():
    local.__module__, local.__qualname__ = "_thread", "_local"
    threading.local = _thread._local = local

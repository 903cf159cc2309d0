"""Describes exceptions for JavaScript."""

import os
import traceback
from itertools import islice

HERE = os.path.dirname(__file__) + "/_tsgi_"


def described(error, depth=0):
    """The ExceptionReport of python_error.ts."""
    error.__traceback__ = own_part(error.__traceback__)
    report = {"type": type(error).__name__, "message": message_of(error), "frames": frames_of(error)}
    if depth == 0:
        report["text"] = text_of(error)
    other, how = error.__cause__, "Caused by"
    if other is None and not error.__suppress_context__:
        other, how = error.__context__, "While handling"
    if other is not None and depth < 10:
        report["cause"] = described(other, depth + 1) | {"relation": how}
    return report


def message_of(error):
    try:
        return str(error)
    except Exception:
        return "(its message cannot be shown)"


def text_of(error):
    try:
        return "".join(traceback.format_exception(error))
    except Exception:
        return f"{type(error).__name__}: an exception that cannot be shown\n"


def own_part(tb):
    """The traceback without the frames of this package around the application's."""
    while tb is not None and (is_ours(tb) or "importlib" in tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    last = each = tb
    while each is not None:
        if not is_ours(each):
            last = each
        each = each.tb_next
    if last is not None:
        last.tb_next = None
    return tb


def is_ours(tb):
    return tb.tb_frame.f_code.co_filename.startswith(HERE)


def frames_of(error):
    """Function, file, line and column of each frame, innermost first."""
    frames = []
    tb = error.__traceback__
    while tb is not None:
        code = tb.tb_frame.f_code
        name = "" if code.co_name == "<module>" else code.co_qualname
        if not is_ours(tb):
            frames.append([name, code.co_filename, tb.tb_lineno or 0, column_of(code, tb.tb_lasti)])
        tb = tb.tb_next
    return frames[::-1][:60]


def column_of(code, instruction):
    """The column of an instruction, counted from 1."""
    positions = next(islice(code.co_positions(), instruction // 2, None), None)
    return (positions[2] or 0) + 1 if positions else 1

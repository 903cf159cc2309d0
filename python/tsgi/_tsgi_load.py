"""Loads the application from a file or a module."""

import ast
import importlib
import importlib.util
import itertools
import json
import os
import re
import site
import sys
import traceback
from types import FunctionType

import _tsgi_bridge
from _tsgi_errors import described
from _tsgi_response import describe

USUAL_NAMES = ("application", "app")


class NotFound(Exception):
    """There is no such application; the message is one line for the user."""


_added = []  # the folders that may contain the user's packages


def set_up(folder, paths, sites, pycache):
    os.chdir(folder)
    paths, sites = json.loads(paths), json.loads(sites)
    sys.path[:0] = paths
    for path in sites:
        site.addsitedir(path)
    _added[:] = [*sites, *paths]
    # Pyodide's is "/", so that every package would count as installed; Flask chooses its instance folder by that.
    sys.prefix = sys.exec_prefix = os.path.abspath(f"{sites[0]}/../../..") if sites else "/lib"
    sys.pycache_prefix = pycache
    sys.dont_write_bytecode = pycache is None


def open_application(module, name, is_file):
    """Loads the application that requests are passed to. Returns "", or the reason why it cannot, as JSON."""
    sys.argv[:] = [module]
    try:
        _tsgi_bridge.set_application(load(module, name, is_file))
        return ""
    except NotFound as error:
        return json.dumps({"message": str(error)})
    except BaseException as error:
        return json.dumps({"exception": described(error), "hint": "\n".join(hints_for(error))})


VERSION = ".".join(map(str, sys.version_info[:3]))


def hints_for(error):
    """Possible reasons why a package cannot be imported."""
    if not isinstance(error, ImportError):
        return
    missing = (error.name or "").partition(".")[0]
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, ModuleNotFoundError) and not any(is_compiled(path, missing) for path in _added):
        yield f"Modules are looked for in: {', '.join(_added)}"
    for path in _added:
        in_use = [missing, *(file[len(path) + 1 :].partition("/")[0] for file in files if file.startswith(f"{path}/"))]
        compiled = sorted({name for name in in_use if is_compiled(path, name)})
        if compiled:
            yield f"Python {VERSION} on WebAssembly cannot import modules compiled for another system, as in: {', '.join(compiled)}"
        found = re.search(r"/python(\d+)\.(\d+)/", path)
        if found and found.groups() != tuple(map(str, sys.version_info[:2])):
            yield f"The packages in {path} were installed for Python {'.'.join(found.groups())}, and this is Python {VERSION}"


def is_compiled(folder, name):
    """Whether a module, or a module in a package, is compiled."""
    if name == "":
        return False
    files = itertools.chain(
        (entry.name for entry in entries_of(folder) if entry.name.startswith(f"{name}.")),
        (file for _, _, files in os.walk(f"{folder}/{name}") for file in files),
    )
    return any(file.endswith((".so", ".pyd")) for file in files)


def entries_of(folder):
    try:
        return list(os.scandir(folder))
    except OSError:
        return []


def load(module, name, is_file):
    """The application; `name` may be a call such as create_app("test")."""
    found = import_file(module) if is_file else importlib.import_module(module)
    if name:
        return look_up(found, name, module)
    for each in USUAL_NAMES:
        application = getattr(found, each, None)
        if callable(application):
            return application
    raise not_callable(found, " or ".join(USUAL_NAMES), module)


def import_file(path):
    """Imports a file under its own name, that of its package included, as another module would import it."""
    folder, name = os.path.split(path)
    if not os.path.isfile(path):
        raise NotFound(f"cannot load {path}: there is no such file")
    names = [os.path.splitext(name)[0]]
    while os.path.isfile(f"{folder}/__init__.py"):
        folder, package = os.path.split(folder)
        names.insert(0, package)
    if names[-1] == "__init__":
        names.pop()
    if sys.path[0] != folder:
        sys.path.insert(0, folder)
    name = ".".join(names)
    known = sys.modules.get(name)
    if all(map(str.isidentifier, names)) and (known is None or getattr(known, "__file__", None) == path):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(f"__tsgi_{len(sys.modules)}__", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def look_up(found, expression, module):
    """The value of `NAME`, `NAME.ATTRIBUTE` or `NAME(ARGUMENTS)`; as with gunicorn, arguments must be literals."""
    try:
        node = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise unexpected(expression) from None
    is_call = isinstance(node, ast.Call)
    target = node.func if is_call else node
    value = attribute_of(found, target, expression)
    if not callable(value):
        raise not_callable(found, ast.unparse(target), module)
    if not is_call:
        return value
    try:
        args = [ast.literal_eval(each) for each in node.args]
        kwargs = {each.arg: ast.literal_eval(each.value) for each in node.keywords}
    except ValueError:
        raise NotFound(f"the arguments of a factory must be literals, got {expression!r}") from None
    application = value(*args, **kwargs)
    if not callable(application):
        raise NotFound(f"{expression} must return an application, got {describe(application)}")
    return application


def attribute_of(value, node, expression):
    if isinstance(node, ast.Name):
        return getattr(value, node.id, None)
    if isinstance(node, ast.Attribute):
        return getattr(attribute_of(value, node.value, expression), node.attr, None)
    raise unexpected(expression)


def unexpected(expression):
    return NotFound(f"expected a name or a call after the colon, got {expression!r}")


def not_callable(found, name, module):
    names = [each for each, value in vars(found).items() if not each.startswith("_") and may_be_meant(value, found)]
    return NotFound(f"{module} has no callable named {name}; it has {', '.join(names) or 'none'}")


def may_be_meant(value, module):
    """Whether a value is a function or a class of the module, or an object that can be called as an application."""
    if isinstance(value, (type, FunctionType)):
        return value.__module__ == module.__name__
    code = getattr(getattr(type(value), "__call__", None), "__code__", None)
    return code is not None and code.co_argcount == 3


def files():
    """The files of the application, without those of installed packages."""
    found = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    inner = ("/lib/python3", "/lib/python314.zip", os.path.dirname(__file__))
    own = (path for path in found if path and path.endswith(".py") and not path.startswith(inner))
    return "\n".join(path for path in own if "/site-packages/" not in path and "/dist-packages/" not in path)

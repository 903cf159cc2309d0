"""Finds the application: in a file, or in a module by its name."""

import ast
import importlib
import importlib.util
import json
import os
import re
import site
import sys

import _tsgi_bridge
from _tsgi_errors import described

USUAL_NAMES = ("application", "app")


class NotFound(Exception):
    """What the user is told in one line."""


_added = []  # the folders in which packages of the user may be


def set_up(folder, paths, sites, pycache):
    os.chdir(folder)
    paths, sites = json.loads(paths), json.loads(sites)
    sys.path[:0] = paths
    for path in sites:
        site.addsitedir(path)
    _added[:] = [*sites, *paths]
    sys.pycache_prefix = pycache
    sys.dont_write_bytecode = pycache is None


def open_application(module, name, is_file):
    """Has an application called for requests from now on; otherwise gives the reason as JSON."""
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
    """What it may be about the packages of the user that they cannot be imported."""
    compiled = sorted({name for path in _added for name in compiled_in(path)})
    if compiled and isinstance(error, ImportError):
        yield f"Python {VERSION} on WebAssembly imports no modules that are compiled for another system, as there are in: {', '.join(compiled)}"
    for path in _added:
        found = re.search(r"/python(\d+)\.(\d+)/", path)
        if found and found.groups() != tuple(map(str, sys.version_info[:2])):
            yield f"The packages in {path} were installed for Python {'.'.join(found.groups())}, and this is Python {VERSION}"


def compiled_in(folder):
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith((".so", ".pyd")):
            yield entry.name.partition(".")[0]
        elif entry.name.isidentifier() and not is_environment(entry.path) and any(name.endswith((".so", ".pyd")) for _, _, names in os.walk(entry.path) for name in names):
            yield entry.name


def is_environment(folder):
    return any(path.startswith(f"{folder}/") for path in _added)


def load(module, name, is_file):
    """The application; `name` may be a call: create_app("test")."""
    found = import_file(module) if is_file else importlib.import_module(module)
    names = (name,) if name else USUAL_NAMES
    for each in names:
        application = look_up(found, each)
        if callable(application):
            return application
    raise NotFound(f"{module} has nothing to call named {' or '.join(names)}: it has {public_names(found)}")


def import_file(path):
    """A file is imported as it would be by its name, so that what it imports finds the same module."""
    folder, name = os.path.split(path)
    if not os.path.isfile(path):
        raise NotFound(f"cannot load {path}: there is no such file")
    sys.path.insert(0, folder)
    stem = os.path.splitext(name)[0]
    if stem.isidentifier() and stem not in sys.modules:
        return importlib.import_module(stem)
    spec = importlib.util.spec_from_file_location(f"__tsgi_{len(sys.modules)}__", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def look_up(module, expression):
    """What `NAME`, `NAME.ATTRIBUTE` or `NAME(ARGUMENTS)` stands for; as with gunicorn, arguments are literals."""
    try:
        node = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise NotFound(f"a name or a call of one is expected behind the colon, got {expression!r}") from None
    called = isinstance(node, ast.Call)
    value = attribute_of(module, node.func if called else node, expression)
    if not called or value is None:
        return value
    try:
        args = [ast.literal_eval(each) for each in node.args]
        kwargs = {each.arg: ast.literal_eval(each.value) for each in node.keywords}
    except ValueError:
        raise NotFound(f"the arguments of a factory must be literals, got {expression!r}") from None
    if not callable(value):
        raise NotFound(f"{expression!r} calls what is no function")
    return value(*args, **kwargs)


def attribute_of(module, node, expression):
    if isinstance(node, ast.Name):
        return getattr(module, node.id, None)
    if isinstance(node, ast.Attribute):
        return getattr(attribute_of(module, node.value, expression), node.attr, None)
    raise NotFound(f"a name or a call of one is expected behind the colon, got {expression!r}")


def public_names(module):
    names = [
        name
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    return ", ".join(names) or "nothing"


def files():
    """The files that the application is made of, without those of installed packages."""
    found = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    inner = ("/lib/python3", "/lib/python314.zip", os.path.dirname(__file__))
    own = (path for path in found if path and path.endswith(".py") and not path.startswith(inner))
    return "\n".join(path for path in own if "/site-packages/" not in path and "/dist-packages/" not in path)

"""Losses made in a loop that all read one variable: its last value counts for each of them."""

import ast
import linecache
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from lossbook._audit.checks.given.own_errors import Place
from lossbook._audit.examples import Example, compiled, drawn, written
from lossbook._audit.finding import Finding, Hazard
from lossbook._model import leaves

LAST_OF_A_LOOP = Hazard(
    "last-of-a-loop",
    "error",
    "11_custom_losses.ipynb",
    9,
    means=(
        "Several losses were made in a loop and read its variable: all of them use the last value."
    ),
    why=(
        "A Python function looks a variable up when it is called. By then the loop is over, and "
        "every loss finds the value of its end."
    ),
    ignore="If all of them are meant to be the same loss.",
    symptoms=("by-hand", "never-learns"),
    asked=("https://github.com/keras-team/keras/issues/12939",),
)
_SHOWN = (int, float, str, bool)
_LOOPS = (ast.For, ast.While, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)


def findings(losses: Any) -> Iterator[Finding]:
    """Yield a finding for losses of one code that read the same variables of a loop."""
    seen: dict[Any, list[Any]] = {}
    for loss in leaves(losses).values():
        function = _function(loss)
        if function is not None:
            made = seen.setdefault(_identity(function), [])
            if not any(function is other for other in made):
                made.append(function)
    for functions in seen.values():
        if len(functions) > 1 and (read := _read(functions[0])):
            yield _finding(functions, read)


def _finding(functions, read):
    code = functions[0].__code__
    place = Place(code.co_filename, code.co_firstlineno, code.co_name)
    names = ", ".join(read)
    bound = ", ".join(f"{name}={name}" for name in read)
    arguments = ", ".join(code.co_varnames[: code.co_argcount])
    shown = {name: value for name, value in read.items() if isinstance(value, _SHOWN)}
    return LAST_OF_A_LOOP.found(
        f"{len(functions)} losses were made in one place, {place.shown}, and read the same "
        f"variable: {names}. It has the value of the end of the loop for all of them, so that "
        "they are one loss.",
        f"Bind it where the loss is made: give it the arguments ({arguments}, {bound}), and "
        "compile again.",
        {"losses": len(functions), **({"value for all": shown} if shown else {})}
        | ({"line": place.source} if place.source else {}),
    )


def _function(loss):
    """Return the Python function behind a loss, or None; of a class in a loop that is its call."""
    function = getattr(loss, "fn", None) or getattr(type(loss), "call", loss)
    return function if hasattr(function, "__code__") and hasattr(function, "__closure__") else None


def _identity(function):
    """Return what makes two functions the same: code, variables that they share, defaults."""
    cells = tuple(map(id, function.__closure__ or ()))
    defaults = tuple(map(id, function.__defaults__ or ()))
    only = tuple(sorted((k, id(v)) for k, v in (function.__kwdefaults__ or {}).items()))
    return id(function.__code__), cells, defaults, only, id(function.__globals__)


def _read(function):
    """Return the variables of a loop that a function reads: those that its source shows as such.

    Without the source, numbers and strings are taken for such variables.
    """
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # of a variable that has no value yet
            found[name] = cell.cell_contents
    for name in function.__code__.co_names:
        if name in function.__globals__:
            found.setdefault(name, function.__globals__[name])
    set_in_loops = _set_in_loops(function.__code__)
    if set_in_loops is None:
        return {k: v for k, v in found.items() if isinstance(v, _SHOWN) and not k.isupper()}
    return {name: value for name, value in found.items() if name in set_in_loops}


def _set_in_loops(code):
    """Return the names that the loops around a line of code set, None without the source."""
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except SyntaxError:
        return None
    if not tree.body:
        return None
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, _LOOPS) and node.lineno <= code.co_firstlineno <= node.end_lineno:
            names |= {
                one.id
                for one in ast.walk(node)
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            }
    return names


@LAST_OF_A_LOOP.example("Bound where the loss is made, `q=q`")
def quantiles_in_a_loop(mended=0):
    """Three quantile losses that all read the last quantile."""
    import keras

    source = (
        "from keras import ops\n\n\n"
        "def pinball(y_true, y_pred, q):\n"
        "    error = y_true - y_pred\n"
        "    return ops.mean(ops.maximum(q * error, (q - 1) * error), axis=-1)\n\n\n"
        "losses = [lambda y_true, y_pred: pinball(y_true, y_pred, q) for q in (0.1, 0.5, 0.9)]\n"
    )
    source = source.replace("y_pred: pinball", "y_pred, q=q: pinball") if mended else source
    losses = written("quantiles.py", source)["losses"]
    inputs = keras.Input((1,))
    outputs = [keras.layers.Activation("linear", name=f"q{i}")(inputs) for i in (10, 50, 90)]
    model = compiled(keras.Model(inputs, outputs), losses)
    return Example(model, {"x": drawn(6, 1), "y": [drawn(6, 1, seed=1)] * 3})

"""Errors that come out of the user's own code: a loss, a layer, a metric, a generator."""

import inspect
import linecache
import os
import re
import sys
import sysconfig
import traceback
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbook._audit.examples import drawn, passing, written
from lossbook._audit.finding import Finding, Hazard, keras_words
from lossbook._core import keras

OWN_ERROR = Hazard(
    "own-error",
    "error",
    "11_custom_losses.ipynb",
    0,
    means="Code of your own raises an error: a loss, a layer, a metric or a generator.",
    why=(
        "Keras calls your code deep inside its own step, so that the traceback has many lines of "
        "Keras and few of yours. audit names the innermost line that is yours."
    ),
    ignore="Never: nothing is computed before that line is mended.",
    symptoms=("raises",),
)
_FRAMEWORKS = {
    *("keras", "tensorflow", "jax", "jaxlib", "torch", "lossbook", "numpy", "tf_keras", "optree"),
    *("ml_dtypes", "absl", "importlib", "concurrent", "threading"),
}
_LOSSBOOK = str(Path(__file__).parents[3]) + os.sep
_IN_TEXT = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
_HANDLED: ContextVar[BaseException | None] = ContextVar("handled", default=None)
_OWNERS = (("Metric", "metrics"), ("Loss", "losses"), ("Layer", "layers"))


@dataclass(frozen=True)
class Place:
    """A line of the user's: where, and whose it is as far as that is known."""

    file: str
    line: int
    function: str
    owner: str = ""

    @property
    def shown(self) -> str:
        """The place as a traceback names it, without the folders."""
        return f"{_parts(self.file)[-1]}:{self.line}, in {self.function}"

    @property
    def source(self) -> str:
        """The line itself, "" where the file cannot be read."""
        return linecache.getline(self.file, self.line).strip()


def begin() -> None:
    """Note the error that is being handled where audit is called: none of its errors came of it."""
    _HANDLED.set(sys.exc_info()[1])


def place_of(error: BaseException | None) -> tuple[Place, BaseException] | None:
    """Return the innermost line of the user's that an error came through, and which error did.

    Where it came through none, the error that it was raised from is asked.
    """
    while error is not None and error is not _HANDLED.get():
        frames = list(traceback.walk_tb(error.__traceback__))
        for i in range(len(frames) - 1, -1, -1):
            frame, line = frames[i]
            code = frame.f_code
            if _is_users(code.co_filename, frame.f_globals.get("__name__", "")):
                owner = _owner([frame for frame, _ in frames[: i + 1]])
                return Place(code.co_filename, line, code.co_name, owner), error
        for file, number, function in reversed(_IN_TEXT.findall(str(error))):
            if _is_users(file, ""):
                return Place(file, int(number), function), error
        error = error.__cause__ or error.__context__
    return None


def _parts(file):
    return re.split(r"[/\\\\]", file)


def _is_users(file, module):
    """Say whether a file is neither Python's nor of a framework."""
    if module.partition(".")[0] in _FRAMEWORKS or "__autograph_generated" in file:
        return False
    if file.startswith(("<frozen", _LOSSBOOK)):  # its own, wherever it is installed
        return False
    parts = _parts(file)
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1] not in _FRAMEWORKS
    return not any(file.startswith(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


def _owner(frames):
    """Return whose method the innermost frame is in: "layer 'dense'" and the like, or ""."""
    for frame in reversed(frames):
        own = frame.f_locals.get("self")
        for kind, module in _OWNERS:
            if isinstance(own, getattr(getattr(keras, module), kind)):
                if type(own).__module__.partition(".")[0] in _FRAMEWORKS:
                    return f"{kind.lower()} {own.name!r}" if kind == "Metric" else ""
                return f"{kind.lower()} {getattr(own, 'name', type(own).__name__)!r}"
    return ""


def found(error: BaseException, what: str = "", received: Any = None) -> Finding | None:
    """Return the finding for an error of the user's own code, None for another error.

    `what` says whose code it is where that is known; `received` maps names to shapes.
    """
    if (came := place_of(error)) is None:
        return None
    place, error = came
    owner = what or (f"The {place.owner}" if place.owner else "Your code")
    return _finding(f"{owner} raises {keras_words(error, most=220)}", place, received)


def called_with(loss: Any, error: Exception, what: str, received: Any) -> Finding | None:
    """Return the finding for a loss that does not take (y_true, y_pred), None for another error."""
    if isinstance(error, NotImplementedError) and (own := _without_call(loss, what, received)):
        return own
    function: Any = getattr(loss, "fn", None) or getattr(loss, "call", None)
    code = getattr(function, "__code__", None)
    if not isinstance(error, TypeError) or code is None or not _is_users(code.co_filename, ""):
        return None
    try:
        inspect.signature(function).bind(None, None)
        return None
    except TypeError:
        place = Place(code.co_filename, code.co_firstlineno, code.co_name)
    inner = any(hasattr(const, "co_argcount") for const in code.co_consts)
    fix = (
        f"If {code.co_name} makes the loss, call it: `loss = {code.co_name}(...)`; if it is the "
        "loss, let it take (y_true, y_pred) alone, and bind what else it needs with "
        "functools.partial."
    )
    if not inner:
        fix = "Let it take (y_true, y_pred), and bind what else it needs with functools.partial."
    return OWN_ERROR.found(
        f"{what} is called with (y_true, y_pred), and takes {inspect.signature(function)}.",
        f"{fix} Compile again.",
        {"at": place.shown, "line": place.source} | (received or {}),
    )


def _without_call(loss, what, received):
    """Return the finding for a Loss subclass that has no call(), else None."""
    kind = type(loss)
    if kind.call is not keras.losses.Loss.call or kind.__module__.startswith("keras"):
        return None
    own = [name for name in vars(kind) if not name.startswith("_") and callable(vars(kind)[name])]
    name = f": rename {own[0]}" if len(own) == 1 else ""
    return OWN_ERROR.found(
        f"{what} is a {kind.__name__}, a Loss without a call(self, y_true, y_pred): Keras has "
        "nothing to compute.",
        f"Give it `call(self, y_true, y_pred)`, which returns one value per row{name}.",
        {"defined": own} | (received or {}),
    )


def returns_none(function: Any, what: str, received: Any) -> Finding | None:
    """Return the finding for a loss function without a return."""
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    place = Place(code.co_filename, code.co_firstlineno, code.co_name)
    return _finding(f"{what} returns None: it has no return.", place, received)


def _finding(message, place, received):
    evidence = {"at": place.shown} | ({"line": place.source} if place.source else {})
    return OWN_ERROR.found(
        message,
        f"Mend line {place.line} of {place.shown.partition(':')[0]}; neither Keras nor the form of "
        "the data is to blame.",
        evidence | (received or {}),
    )


@OWN_ERROR.example("The line mended")
def misspelt(mended=0):
    """A loss that calls a name that there isn't."""
    source = (
        "from keras import ops\n\n\n"
        "def loss(y_true, y_pred):\n"
        "    return ops.mean(ops.square(y_true - y_pred), axis=axes)\n"
    )
    loss = written("my_losses.py", source.replace("axes", "-1") if mended else source)["loss"]
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)

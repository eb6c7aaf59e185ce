"""Hooks on functions of Keras, while a function of the reader's is being measured.

A hook changes the code of a function, not the function: whoever holds it, under whatever name, gets
the hook, it stays the same object with the same signature, and nothing can hold on to the hook. In
a thread that records nothing the function does what it always does.
"""

import inspect
import threading
import types
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from lossbook._marks.recording import HERE

_lock = threading.Lock()
_users: set[object] = set()  # who needs the hooks: one entry for every recording
_undo = ExitStack()  # what takes them out again
_hooks: dict[str, "Hook"] = {}

# `called` is imported inside, for the code runs among the globals of Keras's module.
_CODE = """
def {name}{parameters}:
    from lossbook._marks.hooks import called
    return called({key!r}, {arguments})
"""


@dataclass(frozen=True)
class Hook:
    """A function of Keras, a copy of it as it was, the code with the hook, and what that calls.

    `handler(recording, plain, **arguments)` returns what the function is to return.
    """

    function: types.FunctionType
    plain: Callable
    code: types.CodeType
    handler: Callable


def called(key: str, **arguments: Any) -> Any:
    """Call a hooked function: its handler in a thread that records, else the function itself."""
    hook, recording = _hooks[key], HERE.recording
    if recording is None:
        return hook.plain(**arguments)
    return hook.handler(recording, hook.plain, **arguments)


def hooked(stack: ExitStack, handlers: Callable[[], dict[str, tuple[Any, Callable]]]) -> None:
    """Put the hooks in until `stack` closes; `handlers()` maps keys to (function, handler)."""
    user = object()
    stack.callback(_leave, user)
    stack.callback(_leave, user)  # again: an interrupt may stop the other anywhere
    with _lock:
        if not _hooks:
            made = {key: _hook(key, *about) for key, about in handlers().items()}
            _hooks.update({key: hook for key, hook in made.items() if hook is not None})
        _users.add(user)
        for hook in _hooks.values():
            if hook.function.__code__ is not hook.code:
                _undo.callback(setattr, hook.function, "__code__", hook.function.__code__)
                hook.function.__code__ = hook.code


def _leave(user):
    """Take the hooks out, unless somebody else needs them."""
    with _lock:
        _users.discard(user)
        if not _users:
            _undo.close()


def _hook(key, function, handler):
    """Return the Hook of a function, None of one whose arguments have no names."""
    parameters = inspect.signature(function).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if function.__closure__ or any(parameter.kind not in named for parameter in parameters):
        return None
    code = function.__code__
    bare = [p.replace(default=p.empty, annotation=p.empty) for p in parameters]
    text = _CODE.format(
        name=function.__name__,
        parameters=inspect.Signature(bare),
        key=key,
        arguments=", ".join(f"{p.name}={p.name}" for p in bare),
    )
    made: dict[str, Any] = {}
    exec(text, made)
    plain = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__)
    plain.__kwdefaults__ = function.__kwdefaults__
    where = {"co_filename": code.co_filename, "co_firstlineno": code.co_firstlineno}
    return Hook(function, plain, made[function.__name__].__code__.replace(**where), handler)

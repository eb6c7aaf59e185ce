"""Which lines of lossbook a call executes, and the same call interrupted at one of them."""

import dis
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import lossbook

ROOT = str(Path(lossbook.__file__).parent)
_NOTHING = dis.opmap["NOP"]


def executed(call):
    """Return the lines (file, number) of lossbook that a call executes, in their order.

    At a bare `try:` Python does nothing, nothing can fail, and no block around it would see it.
    """
    lines = {}

    def see(frame):
        if frame.f_code.co_code[frame.f_lasti] != _NOTHING:
            lines.setdefault((frame.f_code.co_filename, frame.f_lineno))

    with _at_every_line(see):
        call()
    return list(lines)


def interrupted(call, line, error):
    """Call, and raise `error` at the first execution of a line; return (reached, what came out)."""
    reached = []

    def see(frame):
        if (frame.f_code.co_filename, frame.f_lineno) == line and not reached:
            reached.append(True)
            raise error

    with _at_every_line(see):
        try:
            call()
        except BaseException as came:
            return bool(reached), came
    return bool(reached), None


def shown(line):
    """Return a line as a person reads it."""
    return f"{Path(line[0]).relative_to(Path(ROOT).parent)}:{line[1]}"


@contextmanager
def _at_every_line(see):
    """Call see(frame) before every line of lossbook, in every thread that starts meanwhile."""

    def trace(frame, event, argument):
        if event == "call":
            return trace if frame.f_code.co_filename.startswith(ROOT) else None
        if event == "line":
            see(frame)
        return trace

    before = sys.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(None)

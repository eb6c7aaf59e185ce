"""Find a chapter's exercises: the stub to fill in, and the solution folded away below it."""

import ast
import re
from typing import NamedTuple

from notebook_files import parse, tags_of
from notebook_rules import Problem

SOLUTION = re.compile(
    r"<details>\s*<summary>Solution</summary>[ \t]*\n[ \t]*\n(?P<body>.*?)</details>", re.DOTALL
)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Exercise(NamedTuple):
    """An exercise of a chapter: its name, the code of its stub, the code of its solution."""

    name: str
    stub: str
    solution: str


def exercises(nb):
    """Return the exercises of a notebook that are complete."""
    return [found for _, found, problems in _look(nb) if not problems]


def exercises_complete(nb, about):
    """An exercise is a stub that leaves `answer` open and checks it, then a solution."""
    return [Problem(i, problem) for i, _, problems in _look(nb) for problem in problems]


def _look(nb):
    """Yield (cell number, Exercise, problems) for every cell that is, or should be, a stub."""
    for i, cell in enumerate(nb.cells, start=1):
        if cell.cell_type != "code":
            continue
        tagged = "exercise" in tags_of(cell)
        checks = "exercises.check(" in cell.source
        if not tagged and not checks:
            continue
        following = nb.cells[i].source if i < len(nb.cells) else ""
        details = SOLUTION.search(following)
        solution = "\n".join(PYTHON.findall(details["body"])) if details else ""
        body = parse(cell.source).body
        name = _checked_name(body[-1]) if body else None
        problems = []
        if not tagged:
            problems.append("calls exercises.check; tag it 'exercise'")
        if name is None:
            problems.append('must end with lb.exercises.check("topic-1", answer)')
        if not any(_leaves_open(statement) for statement in body):
            problems.append("must say `answer = ...` (or `def answer(...): ...`)")
        if not solution:
            problems.append(
                "the next cell must hold <details><summary>Solution</summary>, an empty line and "
                "a ```python block"
            )
        elif not re.search(r"^(answer\b.*=|def answer\()", solution, flags=re.MULTILINE):
            problems.append("its solution assigns no `answer`")
        yield i, Exercise(name, cell.source, solution), problems


def _checked_name(statement):
    """Return "weights-2" for the statement `lb.exercises.check("weights-2", answer)`."""
    call = getattr(statement, "value", None)
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "lb.exercises.check":
        return None
    match call.args:
        case [ast.Constant(value=str(name)), ast.Name(id="answer")]:
            return name
    return None


def _leaves_open(statement):
    """Say whether a statement is `answer = ...`, or a function `answer` without a body."""
    match statement:
        case ast.Assign(targets=[ast.Name(id="answer")], value=ast.Constant(value=value)):
            return value is ...
        case ast.FunctionDef(name="answer", body=[*_, ast.Expr(value=ast.Constant(value=value))]):
            return value is ... or isinstance(value, str)
    return False

"""Find a chapter's exercises: the stub to fill in; two hints and the solution, folded away."""

import ast
import re
from typing import NamedTuple

from tools.notebooks.files import numbered, parse, tags_of
from tools.notebooks.rules import Problem

FOLDED = re.compile(
    r"<details>\s*<summary>(?P<summary>.*?)</summary>[ \t]*\n[ \t]*\n(?P<body>.*?)</details>",
    re.DOTALL,
)
STEPS = ("Hint 1", "Hint 2", "Solution")
REPORT = re.compile(r"^\*\*\d\. Debug this report\.\*\*", re.MULTILINE)
THREAD = re.compile(r"https://(github\.com/.+?/(issues|pull|discussions)/\d+|stackoverflow\.com/)")
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Exercise(NamedTuple):
    """An exercise of a chapter: its name, the code of its stub, the code of its solution."""

    name: str
    stub: str
    solution: str


def exercises(nb):
    """Return the exercises of a notebook that are complete."""
    return [found for _, found, faults in _stubs(nb) if not faults]


def exercises_complete(nb, about):
    """An exercise is a stub that leaves `answer` open and checks it, then hints and a solution."""
    return [Problem(i, fault) for i, _, faults in _stubs(nb) for fault in faults]


def exercises_enough(nb, about):
    """A chapter has three exercises or more, numbered; one is a report of a real user."""
    stubs = [i for i, _, _ in _stubs(nb)]
    asked = [nb.cells[i - 2].source for i in stubs]
    if len(stubs) < 3:
        yield Problem(0, f"{len(stubs)} exercises; a chapter has three or more")
    for number, (i, text) in enumerate(zip(stubs, asked, strict=True), start=1):
        if not re.search(rf"^\*\*{number}\.", text, re.MULTILINE):
            yield Problem(i - 1, f"say what to do in exercise {number}: **{number}.** ...")
    reports = [text[found.start() :] for text in asked if (found := REPORT.search(text))]
    if not any(THREAD.search(text) for text in reports):
        yield Problem(0, "one exercise starts **4. Debug this report.** and links to its thread")


def without_solutions(source):
    """Return Markdown without the solutions folded away in it; the hints stay."""
    left = FOLDED.sub(lambda m: "" if m["summary"] == STEPS[-1] else m[0], source)
    return re.sub(r"\n{3,}", "\n\n", left)


def _stubs(nb):
    """Yield (cell number, Exercise, faults) for every cell that is, or should be, a stub."""
    for i, cell in numbered(nb, "code"):
        if "exercise" not in tags_of(cell) and "exercises.check(" not in cell.source:
            continue
        following = nb.cells[i].source if i < len(nb.cells) else ""
        folded = list(FOLDED.finditer(following))
        solution = "\n".join(PYTHON.findall(folded[-1]["body"])) if folded else ""
        body = parse(cell.source).body
        name = _checked_name(body[-1]) if body else None
        faults = [*_faults_of_stub(cell, name, body), *_faults_of_folded(folded, solution)]
        yield i, Exercise(name, cell.source, solution), faults


def _faults_of_stub(cell, name, body):
    if "exercise" not in tags_of(cell):
        yield "calls exercises.check; tag it 'exercise'"
    if name is None:
        yield 'must end with lb.exercises.check("topic-1", answer)'
    if not any(_leaves_open(statement) for statement in body):
        yield "must say `answer = ...` (or `def answer(...): ...`)"


def _faults_of_folded(folded, solution):
    steps = tuple(match["summary"] for match in folded)
    if steps != STEPS or not all(match["body"].strip() for match in folded):
        yield (
            f"the next cell must hold three <details>, with the summaries {', '.join(STEPS)}, "
            f"an empty line after each summary, and a text; found {', '.join(steps) or 'none'}"
        )
    elif not solution:
        yield "its solution must hold a ```python block"
    elif not re.search(r"^(answer\b.*=|def answer\()", solution, flags=re.MULTILINE):
        yield "its solution assigns no `answer`"


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


RULES = (exercises_complete, exercises_enough)

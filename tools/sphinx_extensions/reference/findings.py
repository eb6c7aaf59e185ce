"""The page of findings: a section for each code of `lb.audit`, from the check and from its run.

As a Sphinx extension this gives book/findings.md the directive `{findings}` with one of four
arguments: `answer` (how many), `index` (by symptom, by severity), `sections` and `helpers`. Texts
stand in the file of the check (`Hazard`); what audit prints and Keras's numbers are runs
(tools/website/audit_runs.py).
"""

import ast
import inspect
import sys
from functools import cache

from lossbook._audit import HAZARDS, SEVERITIES, SYMPTOMS, Hazard, example_code, examples
from tools.notebooks.files import chapters
from tools.sphinx_extensions.markdown_directive import add_markdown, fill
from tools.website import audit_runs

PARTS = ("answer", "index", "helpers", "sections")
PAGE = "book/findings"
WORDS = 4  # of a phrase that is known again


def part_of(part, runs):
    """Return a part of the page as Markdown; `runs` are by code."""
    if part not in PARTS:
        raise ValueError(f"findings has the parts {', '.join(PARTS)}, not {part!r}")
    along = sorted(HAZARDS.values(), key=lambda hazard: hazard.place)
    values = {
        "hazards": along,
        "severities": {s: [h for h in along if h.severity == s] for s in SEVERITIES},
        "symptoms": {
            text: [h for h in along if key in h.symptoms] for key, text in SYMPTOMS.items()
        },
        "seen_as": {h.code: [SYMPTOMS[key] for key in h.symptoms] for h in along},
        "titles": {f"{file}.ipynb": title for file, title in chapters().values()},
        "code": {hazard.code: example_code(hazard) for hazard in along},
        "helpers": inspect.getsource(examples).rstrip(),
        "runs": runs,
        "thread": thread,
    }
    return fill("findings.md.j2", part=part, **values).rstrip("\n")


def thread(address):
    """Return how a thread is called: "keras-team/keras 18416", "Stack Overflow 61149593"."""
    *_, owner, name, kind, number = address.split("/")
    return f"{owner}/{name} {number}" if kind in ("issues", "pull") else f"Stack Overflow {number}"


def words_of(code, run):
    """Return the words of a section, each once: those of its texts, its run, and its messages."""
    texts = [HAZARDS[code].means, HAZARDS[code].why, run.get("says", ""), *messages()[code]]
    return " ".join(dict.fromkeys(" ".join(texts).split()))


@cache
def phrases():
    """Return, for each code, the parts of its messages that no other code prints.

    Who pastes a message into the search, with whatever numbers in it, is led to that code.
    """
    said = {code: {" ".join(text.split()) for text in messages()[code]} for code in HAZARDS}
    return {
        code: sorted(
            text
            for text in texts
            if text.count(" ") >= WORDS - 1
            and not any(text in other for c in said if c != code for other in said[c])
        )
        for code, texts in said.items()
    }


@cache
def messages():
    """Return the texts of each code, as they stand in the checks, between the numbers.

    They stand in the calls of `found`, or under a name that is used there.
    """
    found = {code: [] for code in HAZARDS}
    for name in sorted(name for name in sys.modules if name.startswith("lossbook._audit.checks.")):
        module = sys.modules[name]
        names = {key: v.code for key, v in vars(module).items() if isinstance(v, Hazard)}
        tree = ast.parse(inspect.getsource(module)) if names else ast.Module([], [])
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for call in ast.walk(function):
                if (name := _found(call, names)) is None:
                    continue
                used = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)} - {*names}
                said = [call, *_assigned(ast.walk(function), used), *_assigned(tree.body, used)]
                texts = [text for node in said for text in _texts(node)]
                found[names[name]] += texts
    return found


def _found(node, names):
    """Return the name in a call as MASK_LOST.found(...) or refusal.found(MASK_REFUSED, ...)."""
    if not isinstance(node, ast.Call) or getattr(node.func, "attr", None) != "found":
        return None
    said = (getattr(part, "id", None) for part in (node.func.value, *node.args))
    return next((name for name in said if name in names), None)


def _assigned(nodes, names):
    """Return what is assigned to one of these names."""
    found = (node for node in nodes if isinstance(node, (ast.Assign, ast.AugAssign)))
    return [node.value for node in found if _named(node) & names]


def _named(node):
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {part.id for t in targets for part in ast.walk(t) if isinstance(part, ast.Name)}


def _texts(node):
    constants = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return [value for value in constants if isinstance(value, str)]


def setup(app):
    app.connect("builder-inited", lambda _: audit_runs.start())
    # Last, after the runs had time.
    app.connect("env-before-read-docs", lambda app, env, names: names.sort(key=PAGE.__eq__))
    add_markdown(app, "findings", lambda part: part_of(part, audit_runs.all_runs()))

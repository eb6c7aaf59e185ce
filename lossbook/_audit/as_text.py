"""The findings as text: an index by symptom, a section for each code, its example."""

import ast
import inspect
from textwrap import fill, indent

from lossbook._audit.finding import HAZARDS, SEVERITIES, SYMPTOMS, Hazard
from lossbook._core import site_page

_WIDTH = 88


def index() -> str:
    """Return all codes by symptom, and those of each severity."""
    parts = [
        f"{text}\n{_filled(', '.join(_codes(lambda h, key=key: key in h.symptoms)))}"
        for key, text in SYMPTOMS.items()
    ]
    counts = [f"{len(_codes(lambda h, s=s: h.severity == s))} {s}s" for s in SEVERITIES]
    head = f"{len(HAZARDS)} findings of lossbook.audit ({', '.join(counts)}), by what you see:"
    return "\n\n".join([head, *parts, "One of them: python -m lossbook CODE"])


def section(code: str) -> str:
    """Return all about one code, as the book's page has it, without what has to be run."""
    hazard = HAZARDS[code]
    places = [hazard.chapter, site_page(hazard.chapter.replace("ipynb", "html"))]
    facts = {
        "Why": hazard.why,
        "When to ignore it": hazard.ignore,
        "Seen as": "; ".join(SYMPTOMS[key] for key in hazard.symptoms),
        "Chapter": " ".join(filter(None, places)),
    }
    lines = ["Ways out, as `mended` in the example:"]
    lines += [
        fill(f"{number}. {way}", _WIDTH, initial_indent="  ", subsequent_indent="     ")
        for number, way in enumerate(hazard.ways, 1)
    ]
    lines += [
        fill(f"{name}: {text}", _WIDTH, subsequent_indent="  ") for name, text in facts.items()
    ]
    lines += ["Asked in:\n" + indent("\n".join(hazard.asked), "  ")] if hazard.asked else []
    example = (
        "The smallest model that has it (mended=1: with the first way out), for\n"
        "`case = EXAMPLE(); print(lossbook.audit(case.model, **case.data))`:\n\n"
        + indent(example_code(hazard), "    ")
    )
    head = fill(f"{hazard.code} ({hazard.severity}): {hazard.means}", _WIDTH)
    return "\n\n".join([head, "\n".join(lines), example.replace("EXAMPLE", _name(hazard))])


def example_code(hazard: Hazard) -> str:
    """Return the source of a planted example, with the imports and helpers that it needs."""
    module = inspect.getmodule(hazard.planted)
    assert module is not None
    lines = inspect.getsource(module).splitlines()
    tree = ast.parse("\n".join(lines))
    defined = {name: node for node in tree.body for name in _defines(node)}
    needed, queue = set(), [_name(hazard)]
    while queue:
        name = queue.pop()
        if name in defined and name not in needed:
            needed.add(name)
            nodes = list(ast.walk(_plain(defined[name])))
            inside = {own for node in nodes[1:] for own in _imported(node)}
            queue += [n.id for n in nodes if isinstance(n, ast.Name) and n.id not in inside]
    imports: list[str] = []
    code: list[str] = []
    for node in tree.body:
        used = [name for name in _defines(node) if name in needed]
        if used and isinstance(node, ast.ImportFrom):
            imports.append(f"from {node.module} import {', '.join(used)}")
        elif used and isinstance(node, ast.Import):
            imports.append(ast.unparse(node))
        elif used:
            text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            code.append(
                f"\n\n{text}" if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else text
            )
    return "\n".join([*imports, "", *code]).strip("\n").replace("\n\n\n\n", "\n\n\n")


def _imported(node):
    imports = isinstance(node, (ast.Import, ast.ImportFrom))
    return [alias.asname or alias.name for alias in node.names] if imports else []


def _defines(node):
    """Return the names that a statement of a module defines."""
    if names := _imported(node):
        return names
    if isinstance(node, ast.Assign):
        return [
            n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)
        ]
    return [node.name] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else []


def _plain(node):
    """Take the decorator of an example away, and with it the hazard."""
    if isinstance(node, ast.FunctionDef):
        node.decorator_list = []
    return node


def _name(hazard):
    return hazard.planted.__name__


def _codes(holds):
    """Return the codes that something holds for: by severity, then along the path."""
    found = [hazard for hazard in HAZARDS.values() if holds(hazard)]
    found.sort(key=lambda hazard: (SEVERITIES.index(hazard.severity), hazard.place))
    return [hazard.code for hazard in found]


def _filled(text):
    return fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)

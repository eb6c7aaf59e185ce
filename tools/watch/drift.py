"""Does another release of Keras print what the book says? `make drift` asks it (noxfile.py).

The atlas's 255 cases run in the environment of the release, and so do the notebooks. Each number
that is not the one of the rule is told, and each cell that prints something else, by chapter and
heading. What a rule says of the cases is the record of a release that follows it;
tests/atlas/test_rules.py holds the rules to these records.
"""

import os
import re
from typing import NamedTuple

from lossbook._rules.families import KNOWN
from lossbook.rules import resolve
from records.atlas import alike, build, summary
from records.atlas.cases import CASES
from tools.watch import colab, drift_notebooks, environments

# What could move a number, of what Colab's newest image has; `make colab` rebuilds all of it.
PINS = [
    p for p in colab.RUNTIMES[colab.NEWEST].packages if re.match("(keras|tensorflow|numpy)==", p)
]
COLAB = next(pin.partition("==")[2] for pin in PINS if pin.startswith("keras"))
WATCHED = ("newest", "nightly", "colab")
NEWEST = "keras-{}.{}".format(*KNOWN["keras"][-1])


class Move(NamedTuple):
    """A number that is another one now: None stands for a refusal, or for what is not logged."""

    case: str
    methods: str
    old: str
    new: str


def record_of(rule):
    """Return the name of the newest recorded release that follows a rule."""
    names = [name for name in build.RELEASES if resolve(name) is resolve(rule)]
    return max(names, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def numbers(cell):
    """Return {"METHOD" or "METHOD NAME IN THE LOG": number, None where refused} of a case."""
    return {
        f"{method} {name}".strip(): number
        for methods, outcome in cell.items()
        for method in methods.split()
        for name, number in (summary.reported(outcome) or {"": None}).items()
    }


def moves(before, after):
    """Return the Moves from one run of the cases to another, both {case: {methods: outcome}}."""
    found = []
    for case in before:
        old, new, groups = numbers(before[case]), numbers(after[case]), {}
        for method in dict.fromkeys([*old, *new]):
            pair = old.get(method), new.get(method)
            if " " in method and None in pair:
                continue  # no line of a log where the whole is refused
            if not same(*pair):
                groups.setdefault(shown(*pair), []).append(method)
        found += [Move(case, ", ".join(methods), *pair) for pair, methods in groups.items()]
    return found


def same(one, other):
    """Say whether two outcomes are the same number, or numbers, up to rounding; or both refuse."""
    return one is other if one is None or other is None else alike.same(one, other)


def shown(*pair):
    """Return numbers with 4 digits, or as many as it takes to tell them apart."""
    texts = ()
    for form in ("#.4g", ".9g"):
        texts = tuple(
            "refused" if number is None else " ".join(f"{n:{form}}" for n in alike.flat(number))
            for number in pair
        )
        if len(set(texts)) == len(pair):
            break
    return texts


def report(title, rule, found):
    """Return what moved in the cases, for a terminal and for a page of GitHub."""
    cases, titles = len({move.case for move in found}), {c["id"]: c["title"] for c in CASES}
    said = f"{cases} of {len(CASES)} cases moved" if found else f"all {len(CASES)} cases hold"
    lines = [f"## {title} and the rule {rule}: {said}", ""]
    for case, methods, old, new in found:
        lines.append(f"- {case} ({titles[case]}), {methods}: {old} -> {new}")
    return "\n".join(lines)


def own_rule(version, rule):
    """Say which rule the book has for a release, where it is another one than it is held to."""
    try:
        own = resolve("keras-" + re.match(r"\d+\.\d+", version)[0])
    except ValueError:
        return f"The book has no rule for Keras {version} yet, and takes it for {NEWEST}."
    if own is resolve(rule):
        return ""
    return f"The book knows Keras {own.versions}: there its rule is {own.name}."


def watch(release, python, rule=None):
    """Ask one release, in its environment; say whether a number or a cell moved."""
    rule = rule or ("keras-" + COLAB.rpartition(".")[0] if release == "colab" else NEWEST)
    versions = environments.versions(python)
    print(f"==> {environments.versions_text(versions)}: the atlas's cases", flush=True)
    ran = build.run(f"drift-{release}", python, None, build.freeze())
    if isinstance(ran, str):
        raise RuntimeError(f"the cases broke down: {ran}")
    found = moves(build.saved(record_of(rule))["results"], ran["results"])
    pages = [report(f"Keras {versions['keras']}", rule, found), own_rule(versions["keras"], rule)]
    cells = []
    if release in WATCHED:  # an older one is not what the notebooks are about
        print("==> Notebooks", flush=True)
        cells, counts = drift_notebooks.run_all(f"drift-{release}", python)
        pages.append(drift_notebooks.report(cells, counts))
        if release == "nightly":
            environments.keep(drift_notebooks.record(python, cells, counts))
    publish("\n\n".join(filter(None, pages)))
    return bool(found or cells)


def publish(page):
    """Print a report, on the page of a GitHub run too."""
    print(page)
    summary_page = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary_page:
        with open(summary_page, "a", encoding="utf8") as file:
            file.write(page + "\n\n")

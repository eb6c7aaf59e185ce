"""Put what all releases reported into one small file of the package: lossbook/_atlas.json.

For each case and method the distinct numbers, and for each release which of them it reported. Two
numbers are the same if they agree to float32 rounding. Beside them: what a case is about, the kinds
of disagreement, and the ways back to old numbers. Called by build.py after every run.
"""

import json
import math
from functools import cache
from pathlib import Path

from records.atlas import ways_back
from records.atlas.cases import CASES, uses
from records.atlas.kinds import KINDS
from records.atlas.releases import RELEASES

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "lossbook" / "_atlas.json"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
REFUSED = "."  # an error instead of a number
RTOL, ATOL = 2e-6, 1e-6  # float32 rounding


def by_method(cell):
    """Return {method: outcome} of a case; equal outcomes share a line of the results."""
    return {method: outcome for methods, outcome in cell.items() for method in methods.split()}


@cache
def outcomes(release):
    """Return {case: {method: outcome}} as recorded of a release."""
    text = (HERE / "results" / f"{release}.json").read_text(encoding="utf-8")
    return {case: by_method(cell) for case, cell in json.loads(text)["results"].items()}


def reported(outcome):
    """Return {"": the loss, NAME: another number that was logged}; empty for an error."""
    if "error" in outcome:
        return {}
    if "calls" in outcome:
        return {"": [call["loss"] for call in outcome["calls"]]}
    return {"": outcome["loss"], **outcome.get("logs", {})}


def flat(nested):
    """Return a number, or the numbers of a nested list, as a list of floats."""
    if isinstance(nested, list):
        return [number for part in nested for number in flat(part)]
    return [float(nested)]


def same(one, other):
    """Say whether two outcomes are the same number, or numbers, up to rounding."""
    one, other = flat(one), flat(other)
    return len(one) == len(other) and all(
        a == b or (a != a and b != b) or abs(a - b) <= RTOL * abs(b) + ATOL < math.inf
        for a, b in zip(one, other, strict=True)
    )


def rounded(number):
    """Return a number, or a list of them, with 7 digits; "nan" and "inf" stay."""
    if isinstance(number, list):
        return [rounded(one) for one in number]
    return number if isinstance(number, str) else float(f"{number:.7g}")


def row(outcomes):
    """Return (distinct numbers, a letter for each release), the newest release's number first."""
    numbers, letters = [], {}
    for release in reversed(outcomes):
        number = outcomes[release]
        if number is None:
            letters[release] = REFUSED
            continue
        known = next((i for i, other in enumerate(numbers) if same(number, other)), None)
        if known is None:
            known = len(numbers)
            numbers.append(number)
        letters[release] = LETTERS[known]
    return [rounded(number) for number in numbers], "".join(letters[name] for name in outcomes)


def rows(found, id):
    """Return {method, or method and name in the log: row} of a case; equal rows are joined."""
    cells = {}
    for release, results in found.items():
        for method, outcome in results[id].items():
            for name, number in reported(outcome).items():
                cells.setdefault(f"{method} {name}".strip(), {})[release] = number
            cells.setdefault(method, {})
    joined = {}
    for what, numbers in cells.items():
        key = json.dumps(row({release: numbers.get(release) for release in found}))
        joined.setdefault(key, []).append(what)
    return {", ".join(names): json.loads(key) for key, names in joined.items()}


def about(case, rows):
    """Return title, uses, kinds and ways back of a case: {method: {letter: steps}}."""
    kinds = [*case["kinds"]]
    kinds += [kind.name for kind in KINDS if case["id"] in {one.case for one in kind.witnesses}]
    if case["batch_size"] < len(case["outputs"][0]["y_true"]):
        kinds += ["EPOCH305", "ONBATCH", "GEN"]
    back = {}
    for methods, (numbers, _) in rows.items():
        for way in ways_back.found().get(case["id"], ()):
            if way["methods"] == methods:
                letter = LETTERS[numbers.index(way["number"])]
                back.setdefault(methods, {})[letter] = way["steps"]
    return {
        "title": case["title"],
        "uses": uses(case),
        "kinds": list(dict.fromkeys(kinds)),
        "back": back,
    }


def summary():
    """Return the text of the file."""
    known = [name for name in RELEASES if (HERE / "results" / f"{name}.json").exists()]
    found = {name: outcomes(name) for name in known}
    printed = {case["id"]: rows(found, case["id"]) for case in CASES}
    said = {case["id"]: about(case, printed[case["id"]]) for case in CASES}
    kinds = {
        kind.name: {
            "says": " ".join(kind.shows.split()),
            "witnesses": [
                f"{one.case} {one.method} {one.log or ''}".strip()
                for one in kind.witnesses
                if not (one.log and "calls" in one.method)  # such logs are not in the file
            ],
        }
        for kind in KINDS
    }
    ways = {step.name: step.code for step in ways_back.STEPS}
    parts = {"cases": printed, "about": said, "kinds": kinds, "ways": ways}
    text = f'{{"releases": {json.dumps(known)}'
    for name, part in parts.items():
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in part.items()]
        text += f',\n"{name}": {{\n' + ",\n".join(lines) + "\n}"
    return text + "}\n"


if __name__ == "__main__":
    TARGET.write_text(summary())

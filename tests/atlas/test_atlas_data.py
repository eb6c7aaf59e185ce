"""The recorded runs of real releases: complete, of one form, and of the cases as they are."""

import ast
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from records.atlas import cases

ATLAS = Path(__file__).parents[2] / "records" / "atlas"
FILES = sorted((ATLAS / "results").glob("*.json"))
RESULTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}


def methods(case):
    """Return the names of the methods that are run for a case."""
    names = ["evaluate", "test_on_batch", "train_on_batch", "fit"]
    if case["batch_size"] < len(case["outputs"][0]["y_true"]):
        names += ["test_on_batch_calls", "train_on_batch_calls"]
    if case["generator"]:
        names += ["evaluate_generator", "fit_generator"]
    return names


def is_number(value):
    """Whether this is a number as recorded, or a list of them."""
    if isinstance(value, list):
        return bool(value) and all(is_number(one) for one in value)
    return value in ("nan", "inf", "-inf") or (isinstance(value, float) and value == value)


def is_outcome(outcome):
    """Whether this has one of the four forms of records/atlas/README.md."""
    if set(outcome) == {"error"}:
        return re.match(r"\w+: |\w+:$", outcome["error"]) is not None
    if set(outcome) == {"calls"}:
        return all("loss" in one and is_outcome(one) for one in outcome["calls"])
    logs = outcome.get("logs", {})
    return (
        set(outcome) <= {"loss", "logs"}
        and is_number(outcome["loss"])
        and all(isinstance(name, str) and is_number(value) for name, value in logs.items())
    )


def test_atlas_is_large_enough_and_small_enough():
    assert len(RESULTS) == 40
    assert len(cases.CASES) >= 110
    assert sum(path.stat().st_size for path in FILES) < 2_000_000


def test_every_kind_shows_in_two_cases():
    kinds = Counter(kind for case in cases.CASES for kind in case["kinds"])
    assert {kind: count for kind, count in kinds.items() if count < 2} == {}
    listed = re.findall(r"^\| ([A-Z0-9]+) \|", (ATLAS / "README.md").read_text("utf-8"), re.M)
    assert set(kinds) == set(listed)


def test_cases_are_made_the_same_way_twice():
    assert cases.digest() == cases.digest()


@pytest.mark.parametrize("release", RESULTS)
def test_release_ran_these_cases(release):
    found = RESULTS[release]
    assert found["release"] == release
    assert found["provenance"]["cases"] == cases.digest()
    keras, tensorflow = found["provenance"]["keras"], found["provenance"]["tensorflow"]
    assert release.split("-")[1] in (keras, tensorflow)


@pytest.mark.parametrize("release", RESULTS)
def test_every_method_of_every_case_has_an_outcome(release):
    found = RESULTS[release]["results"]
    assert list(found) == [case["id"] for case in cases.CASES]
    for case in cases.CASES:
        cell = found[case["id"]]
        recorded = [name for names in cell for name in names.split()]
        assert sorted(recorded) == sorted(methods(case)), case["id"]
        for outcome in cell.values():
            assert is_outcome(outcome), (case["id"], outcome)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_results_name_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|tmp|work|usr|Users)/|0x[0-9a-f]{6}|no answer in time", text)


@pytest.mark.parametrize(
    "path", [ATLAS / "runner.py", ATLAS / "models.py", *sorted((ATLAS / "cases").glob("*.py"))]
)
def test_old_pythons_can_read_what_runs_there(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))

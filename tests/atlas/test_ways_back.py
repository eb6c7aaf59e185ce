"""Each way back is run with the installed Keras: it prints what the old release printed."""

import json
import os
from pathlib import Path

import keras
import pytest

from lossbook import atlas
from records.atlas.cases import CASES, digest
from records.atlas.ways_back import FOUND, STEPS, found
from records.atlas.ways_back.search import Harness

RESULTS = Path(__file__).parents[2] / "records" / "atlas" / "results"
WAYS = [(case, way) for case, ways in found().items() for way in ways]
# Each sequence of steps once, with the case that was first; WAYS=all: each in every case (minutes).
FIRST = {tuple(way["steps"]): (case, way) for case, way in reversed(WAYS)}
TRIED = WAYS if os.environ.get("WAYS") == "all" else list(FIRST.values())
NEWEST = atlas.releases()[-1]


@pytest.fixture(scope="module")
def harness():
    with Harness() as running:
        yield running


def printed(number):
    """Return what a file or the harness says as a list of floats."""
    if isinstance(number, list):
        return [x for part in number for x in printed(part)]
    return [float(number)]


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow" or f"keras-{keras.__version__}" != NEWEST,
    reason="the ways were found with this Keras on TensorFlow",
)
@pytest.mark.parametrize(("case", "way"), TRIED, ids=lambda it: it if isinstance(it, str) else "")
def test_the_code_gives_the_old_number(case, way, harness):
    """In the first method of those with this number; search.py has asked all of them."""
    method = way["methods"].split(", ")[0]
    numbers = harness.ask(case, way["steps"], [method.split()[0]])
    wanted = pytest.approx(printed(way["number"]), rel=4e-6, abs=2e-6, nan_ok=True)
    assert printed(numbers[method]) == wanted


def test_every_old_number_is_one_that_a_release_printed():
    runs = [json.loads(path.read_text("utf-8"))["results"] for path in RESULTS.glob("*.json")]
    for case, way in WAYS:
        method, *log = way["methods"].split(", ")[0].split()
        outcomes = [
            outcome
            for run in runs
            for methods, outcome in run[case].items()
            if method in methods.split()
        ]
        numbers = [
            [call.get("logs", {}).get(log[0]) if log else call.get("loss") for call in calls]
            for calls in (outcome.get("calls", [outcome]) for outcome in outcomes)
        ]
        wanted = pytest.approx(printed(way["number"]), rel=4e-6, abs=2e-6, nan_ok=True)
        assert any(None not in one and printed(one) == wanted for one in numbers), (case, way)


def test_the_ways_belong_to_these_cases_and_each_step_is_needed():
    assert json.loads(FOUND.read_text("utf-8"))["run"]["cases"] == digest()
    assert set(found()) <= {case["id"] for case in CASES}
    assert {step for _, way in WAYS for step in way["steps"]} == {step.name for step in STEPS}


def test_moved_says_the_way_back_where_the_release_is_as_the_newest():
    move = atlas.moved("tf.keras-2.4.4", NEWEST, ["mask"]).moves[0]
    assert move.way_back == "outputs = outputs * 1  # the mask does not pass\n" + (
        "sample_weight = mask if sample_weight is None else mask * sample_weight"
    )
    assert not atlas.moved("tf.keras-2.4.4", "tf.keras-2.11.1", ["mask"]).moves[0].way_back
    assert not atlas.moved(NEWEST, "tf.keras-2.4.4", ["mask"]).moves[0].way_back

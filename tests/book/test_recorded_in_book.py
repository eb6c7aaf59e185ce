"""The recorded numbers that chapters show are those in records/atlas/results, digit by digit."""

import ast

import pytest

from records.atlas.summary import outcomes
from tools.notebooks.files import code_cells, name_of, notebooks, parse, read


def tables(nb):
    """Yield what a notebook calls RECORDED: {release: {case, and what of it: number}}.

    The table of chapter 16 is of other libraries: tests/rosetta/test_rosetta.py compares it.
    """
    for cell in code_cells(nb):
        for node in ast.walk(parse(cell.source)):
            match node:
                case ast.Assign(targets=[ast.Name(id="RECORDED")], value=value):
                    if "keras-2.2.4" in (table := ast.literal_eval(value)):
                        yield table


def recorded(release, key):
    """Return what a release reported: for "CASE", "CASE METHOD" or "CASE OUTPUT_loss".

    Without a method it is `evaluate`. A number, a list for several calls, or the kind of an error.
    """
    case, _, what = key.partition(" ")
    method = "evaluate" if not what or what.endswith("_loss") else what
    outcome = outcomes(release)[case][method]
    if "error" in outcome:
        return outcome["error"].partition(":")[0]
    if "calls" in outcome:
        return [call["loss"] for call in outcome["calls"]]
    return outcome["logs"][what] if what.endswith("_loss") else outcome["loss"]


def differences(table):
    """Return what a table says otherwise than the results."""
    found = []
    for release, numbers in table.items():
        for key, number in numbers.items():
            if recorded(release, key) != number:
                found.append((release, key, number, recorded(release, key)))
    return found


FOUND = [(name_of(path), table) for path in notebooks() for table in tables(read(path))]


@pytest.mark.parametrize(("name", "table"), FOUND, ids=[name for name, _ in FOUND])
def test_every_typed_number_is_the_recorded_one(name, table):
    assert differences(table) == []


def test_the_chapter_on_keras_2_is_among_them():
    assert sum(len(table["keras-2.2.4"]) for name, table in FOUND if "14_keras_2" in name) > 40


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("mask-mse-r3", 1.07428764),
        ("mask-mse-r3-nothing", 0.0),
        ("two-lw-list b_loss", 9.3713963),
        ("epoch-mask test_on_batch_calls", [1.10334611, 1.21362293]),
        ("mask-mse-r4-bh", "TypeError"),
    ],
)
def test_another_number_is_found(key, number):
    assert len(differences({"keras-2.2.4": {key: number}})) == 1

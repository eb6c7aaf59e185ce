"""`lossbook.atlas.moved` against the raw results, read by this file alone."""

import itertools
import json
import math
import re
from pathlib import Path

import pytest

import lossbook as lb
from lossbook.atlas import USES, moved
from records.atlas.cases import CASES, uses

RESULTS = Path(__file__).parents[2] / "records" / "atlas" / "results"
PAIRS = [
    ("tf.keras-2.4.4", "keras-3.15.1"),
    ("keras-2.2.4", "keras-3.15.1"),
    ("keras-2.3.1", "tf.keras-2.0.4"),
    ("tf.keras-2.10.1", "tf.keras-2.11.1"),
    ("keras-3.13.2", "keras-3.15.1"),
    ("keras-3.15.1", "tf.keras-1.13.1"),
]


def raw(release):
    """Return {(case, method): numbers, or None for an error}, each logged number by its own."""
    found = {}
    text = (RESULTS / f"{release}.json").read_text(encoding="utf-8")
    for case, cell in json.loads(text)["results"].items():
        for methods, outcome in cell.items():
            for method in methods.split():
                calls = outcome.get("calls", [outcome])
                if "error" in outcome or "error" in calls[0]:
                    found[case, method] = None
                    continue
                found[case, method] = numbers([call["loss"] for call in calls])
                if "calls" not in outcome:
                    for name, value in outcome.get("logs", {}).items():
                        found[case, f"{method} {name}"] = numbers(value)
    return found


def numbers(nested):
    """Return the numbers of a nested list, one after the other; None stays None."""
    if isinstance(nested, list):
        return [x for part in nested for x in numbers(part)]
    return nested if nested is None else [float(nested)]


def alike(one, other, rtol=3e-6):
    if one is None or other is None:
        return one is other
    return len(one) == len(other) and all(
        a == b
        or (math.isnan(a) and math.isnan(b))
        or abs(a - b) <= rtol * abs(b) + 1.5e-6 < math.inf
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_what_moved_is_what_the_results_say(old, new):
    before, after = raw(old), raw(new)
    expected = {key for key in {*before, *after} if not alike(before.get(key), after.get(key))}
    found = moved(old, new)
    said = {(move.key.split()[0], method): move for move in found.moves for method in move.methods}
    assert set(said) == expected
    for key, move in said.items():
        assert alike(numbers(move.old), before.get(key), 1e-5), key
        assert alike(numbers(move.new), after.get(key), 1e-5), key
    assert len(expected) > 5


# By hand: the releases on the way, in their order.
TF2 = [f"tf.keras-2.{minor}" for minor in range(16)]
KERAS3 = [f"keras-3.{minor}" for minor in range(16)]
WAYS = {
    ("tf.keras-2.4.4", "keras-3.15.1"): TF2[4:] + KERAS3,
    ("keras-2.2.4", "keras-3.2.1"): ["keras-2.2.4", "keras-2.2.5", "keras-2.3", *TF2, *KERAS3[:3]],
    ("keras-3.15.1", "tf.keras-1.15.5"): ["tf.keras-1.15", *TF2, *KERAS3][::-1],
    ("tf.keras-2.14.1", "tf_keras-2.21.0"): [*TF2[14:], "tf_keras-2.16", "tf_keras-2.21"],
}


@pytest.mark.parametrize("pair", WAYS)
def test_since_names_each_release_in_which_a_number_changed(pair):
    names = [
        next(name for name in lb.atlas.releases() if name == short or name.startswith(short + "."))
        for short in WAYS[pair]
    ]
    assert (names[0], names[-1]) == pair
    printed = {name: raw(name) for name in names}
    for move in moved(*pair).moves:
        key = move.key.split()[0], move.methods[0]
        changed = [
            name
            for before, name in itertools.pairwise(names)
            if not alike(printed[before].get(key), printed[name].get(key))
        ]
        assert list(move.since) == changed, move.key


def test_every_change_between_neighbours_has_a_reason():
    for line in lb.atlas.lines().values():
        for before, after in itertools.pairwise(line):
            assert all(move.why for move in moved(before, after).moves), (before, after)
    assert all(move.why for move in moved("keras-2.3.1", "tf.keras-2.0.4").moves)
    found = {move.key: move.why for move in moved("keras-3.13.2", "keras-3.14.1").moves}
    assert found["reg-activity"].startswith("The penalty of an activity regulariser is div")


def test_what_a_case_uses_is_read_from_what_it_gives():
    found = {case["id"]: tuple(uses(case)) for case in CASES}
    assert found["loss-mse-r2"] == found["bce-sigmoid-mild"] == found["epoch-even"] == ()
    assert found["mask-sw-mse-zeros"] == ("mask", "sample_weight")
    assert found["epoch-mask"] == ("mask", "short_last_batch")
    assert found["bce-sigmoid"] == found["cce-exact"] == ("saturated_outputs",)
    assert found["cw-sw-cce"] == ("sample_weight", "class_weight")
    assert found["reg-two-outputs"] == ("several_outputs", "penalties", "loss_weights")
    assert found["custom-rows-mask"] == ("mask", "custom_loss")
    assert found["scce-logits"] == ("from_logits",)
    assert found["target-b-b1"] == found["loss-mse-r1"] == ("other_shapes",)
    assert found["target-scce-b"] == ("other_shapes",) and found["cw-scce-r2"] == ("class_weight",)
    assert {name for names in found.values() for name in names} == set(USES)


def test_a_model_is_told_of_the_cases_that_use_no_more_than_it_does():
    pair = "tf.keras-2.4.4", "keras-3.15.1"
    everything = moved(*pair)
    for chosen in (["mask"], ["sample_weight", "mask"], "short_last_batch", [], USES):
        some = moved(*pair, uses=chosen)
        names = {chosen} if isinstance(chosen, str) else set(chosen)
        assert set(some.uses) == names
        assert some.moves == tuple(m for m in everything.moves if set(m.uses) <= names)
    assert moved(*pair, uses=["mask"]).compared < everything.compared == 447
    grouped = everything.by_use()
    assert [m for moves in grouped.values() for m in moves if "mask" in m.uses]
    assert sum(map(len, grouped.values())) == len(everything.moves)
    assert all(m.uses == names for names, moves in grouped.items() for m in moves)


def test_from_newer_to_older_is_the_same_the_other_way_round():
    there, back = moved("keras-2.2.4", "keras-3.15.1"), moved("keras-3.15.1", "keras-2.2.4")
    assert [repr((m.key, m.old, m.new)) for m in there.moves] == [
        repr((m.key, m.new, m.old)) for m in back.moves
    ]
    assert not any(m.way_back for m in back.moves)  # nothing was run with Keras 2.2.4
    assert moved("keras-3.8.0", "keras-3.8.0").moves == ()


def test_a_way_back_was_run_with_a_keras_that_prints_what_that_release_does():
    assert not any(m.way_back for m in moved("keras-2.2.4", "tf.keras-2.15.1").moves)
    found = moved("keras-2.2.4", "keras-3.0.5").moves
    since = {m.key for m in moved("keras-3.0.5", "keras-3.15.1").moves}
    assert {m.key for m in found if m.way_back} and {m.key for m in found} & since
    assert not {m.key for m in found if m.way_back} & since


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("tf.keras-2.4", "keras-3.15.1"),
            "'tf.keras-2.4' in the atlas. Near ones: tf.keras-2.4.4.",
        ),
        (("keras-2.2.4", "keras-3.15"), "Near ones: keras-3.15.1. `lossbook.atlas.releases()`"),
        (("tfkeras-2.4.4", "keras-3.15.1"), "Near ones: tf.keras-2.4.4, "),
        (("tf_keras-2.17.0", "keras-3.15.1"), "Near ones: tf_keras-2.21.0, tf_keras-2.16.0. "),
        (("torch", "keras-3.15.1"), "No release 'torch' in the atlas. `lossbook.atlas.rel"),
        ((2.4, "keras-3.15.1"), "No release 2.4 in the atlas. `lossbook"),
        (
            ("keras-2.2.4", "keras-3.15.1", ["masks"]),
            "uses takes names of what a model uses: mask, ",
        ),
        (("keras-2.2.4", "keras-3.15.1", 1), "Received: 1."),
    ],
)
def test_unknown_names(arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        moved(*arguments)


def test_it_prints_itself_for_a_narrow_window_and_as_html():
    found = moved("tf.keras-2.4.4", "keras-3.15.1", ["mask"])
    lines = repr(found).splitlines()
    assert lines[:2] == [
        "From tf.keras-2.4.4 to keras-3.15.1: 9 of 47 recorded numbers moved. Models",
        "that use a mask, or less.",
    ]
    assert "WITH A MASK" in lines
    assert "mask-mse-r3         0.6983   1.074" in lines
    assert max(map(len, lines)) <= 78
    html = found._repr_html_()
    assert html.count("<tr>") == len(found.moves) + html.count("<thead>")
    assert '<lossbook-moved data-from="tf.keras-2.4.4" data-to="keras-3.15.1"' in html
    assert "&#x27;auto&#x27;" in moved("keras-2.3.1", "tf.keras-2.4.4")._repr_html_()

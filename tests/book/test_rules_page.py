"""The catalogue of rules: a section for each, its numbers those of `lossbook.aggregate`."""

import re
from pathlib import Path

import pytest

import lossbook as lb
from lossbook import atlas
from lossbook._interact.state import parse
from tools.sphinx_extensions.reference import rules as catalogue

PAGE = Path("book/rules.md").read_text(encoding="utf-8")
PARTS = re.findall(r"```\{rules\} (\S+)", PAGE)
MADE = "\n".join(catalogue.on_page(part) for part in PARTS)
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", MADE, re.M | re.S))
ROW = re.compile(r'^\| ([\w, ]+) \| ([\d.]+) \| (?:<a href="ledger.html#ledger=(.+?)">)?([\d.]+)')
# The same again, by hand: losses, and what is given.
LOSSES = [0.2, 0.4, 1.0, 2.0]
WEIGHTS, MASK = [4.0, 1.0, 0.0, 0.0], [True, True, True, False]
GIVEN = {
    "nothing": {},
    "weights 4, 1, 0, 0": {"sample_weight": WEIGHTS},
    "a mask that keeps three": {"mask": MASK},
    "both": {"sample_weight": WEIGHTS, "mask": MASK},
}


def test_every_rule_has_its_section():
    assert list(SECTIONS) == re.findall(r"^### (.+)$", MADE, re.M)
    assert sorted(SECTIONS) == sorted(lb.RULES)
    assert re.findall(r'<a href="#(.+?)">', MADE) == [name.replace(".", "-") for name in SECTIONS]
    assert "file: book/rules\n" in Path("_toc.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", lb.RULES)
def test_a_section_says_what_the_rule_says(name):
    text, rule = SECTIONS[name], lb.RULES[name]
    assert rule.formula in text and rule.reference in text and rule.versions in text
    assert rule.for_losses in text
    assert all(f"`{reduction}`" in text for reduction in rule.reductions)
    if rule.framework in ("keras", "tf.keras", "Transformers"):
        epoch = re.search(r"\*\*Epoch:\*\*.* Here: \*\*([\d.]+)\*\*", text)[1]
        assert epoch == f"{lb.epoch_loss([2.0, 8.0], [3, 1], rule=name):#.4g}"


@pytest.mark.parametrize("name", lb.RULES)
def test_its_numbers_are_those_of_aggregate_and_of_the_ledger(name):
    lines = SECTIONS[name].splitlines()
    rows = {match[1]: match for match in map(ROW.match, lines) if match}
    for given, arguments in GIVEN.items():
        try:
            found = lb.aggregate(LOSSES, rule=name, **arguments)
        except ValueError as error:
            assert f"| {given} | refused | {error} |" in lines
            continue
        _, divisor, state, total = rows.pop(given).groups()
        assert (divisor, total) == (f"{found.denominator:#.4g}", f"{found.total:#.4g}")
        if state:
            assert parse(state).losses.tolist() == LOSSES
            assert f"{float(parse(state).aggregate().total):#.4g}" == total
        else:
            assert name.startswith(("tf.keras-1.13", "tf.keras-1.14"))
    assert not rows


def test_every_recorded_release_is_held_against_its_rule():
    named = [
        release
        for rule in lb.RULES.values()
        if rule.name != catalogue.CLASSES
        for release in catalogue.releases_of(rule)
    ]
    assert sorted(named) == sorted(atlas.releases())
    text = SECTIONS["keras-3.14"]
    moves = atlas.moved("keras-3.13.2", "keras-3.14.1").moves
    assert f"From keras-3.13.2, {len(moves)} recorded numbers moved, as `{moves[0].key}`" in text


def test_an_unknown_part_of_the_page():
    with pytest.raises(ValueError, match=r"keras, tf\.keras and elsewhere, not 'torch'"):
        catalogue.on_page("torch")

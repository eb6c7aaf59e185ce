"""Every kind of disagreement shows in the recorded runs just as records/atlas/kinds.md tells it."""

import math
import re
from pathlib import Path

import pytest

from records.atlas.cases import CASES
from records.atlas.kinds import FURTHER, KINDS
from records.atlas.releases import RELEASES
from records.atlas.summary import outcomes

ATLAS = Path(__file__).resolve().parents[2] / "records" / "atlas"
RTOL, ATOL = 2e-6, 1e-6  # reported in float32, added up in another order
APART = 1e-4  # groups of one partition differ by more than this, relatively: far beyond rounding
WITNESSES = [(kind.name, witness) for kind in KINDS for witness in kind.witnesses]
TAGS = {case["id"]: case["kinds"] for case in CASES}
IDS = [f"{name}-{witness.case}-{witness.method}" for name, witness in WITNESSES]


def reported(outcome, log):
    """Return the number of an outcome, a list of them, "refused" or "absent"."""
    if "error" in outcome:
        return "refused"
    if "calls" in outcome:
        return [reported(call, log) for call in outcome["calls"]]
    value = outcome["loss"] if log is None else outcome.get("logs", {}).get(log, "absent")
    if isinstance(value, list):
        return [float(number) for number in value]
    return value if value == "absent" else float(value)


def same(one, other, rtol=RTOL, atol=ATOL):
    """Whether these are the same: words, numbers within the tolerance, or lists of such."""
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(same(*pair, rtol, atol) for pair in pairs)
    if not (isinstance(one, float) and isinstance(other, float)):
        return type(one) is type(other) and one == other
    if not (math.isfinite(one) and math.isfinite(other)):
        return one == other or (math.isnan(one) and math.isnan(other))
    return abs(one - other) <= rtol * abs(other) + atol


def test_all_releases_are_recorded():
    recorded = {path.stem for path in (ATLAS / "results").glob("*.json")}
    assert recorded == set(RELEASES)


def test_the_kinds_are_those_of_the_readme():
    listed = re.findall(r"^\| ([A-Z0-9]+) \|", (ATLAS / "README.md").read_text("utf-8"), re.M)
    names = [kind.name for kind in KINDS]
    assert sorted(names) == sorted([*listed, *FURTHER])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_two_cases_a_verdict_and_a_source(kind):
    once = {"COSSIGN", "LWPACK"}
    assert len({witness.case for witness in kind.witnesses}) >= (1 if kind.name in once else 2)
    assert all(len(witness.groups) > 1 for witness in kind.witnesses)
    if kind.name not in FURTHER:
        assert kind.name in TAGS[kind.witnesses[0].case]
    assert kind.verdict in ("confirmed", "corrected", "added")
    assert kind.shows.endswith(".")
    for source in kind.sources:
        release, path, function = re.fullmatch(r"(\S+): (\S+\.py)::([\w.]+)", source).groups()
        assert release in RELEASES
        assert path.startswith(("keras/", "tensorflow/python/")) and function


@pytest.mark.parametrize(("name", "witness"), WITNESSES, ids=IDS)
def test_every_release_is_in_one_group(name, witness):
    listed = [release for group in witness.groups for release in group.releases]
    assert sorted(listed) == sorted(RELEASES)


@pytest.mark.parametrize(("name", "witness"), WITNESSES, ids=IDS)
def test_groups_are_what_the_releases_reported(name, witness):
    wrong = []
    for group in witness.groups:
        for release in group.releases:
            found = reported(outcomes(release)[witness.case][witness.method], witness.log)
            if not same(found, group.outcome):
                wrong.append((release, found, group.outcome))
    assert not wrong


@pytest.mark.parametrize(("name", "witness"), WITNESSES, ids=IDS)
def test_groups_differ(name, witness):
    outcomes = [group.outcome for group in witness.groups]
    pairs = [(a, b) for i, a in enumerate(outcomes) for b in outcomes[:i]]
    assert not [pair for pair in pairs if same(*pair, rtol=APART)]

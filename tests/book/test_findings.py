"""The page of findings: a section for each code, from its check and a run, nothing by hand."""

import re
from pathlib import Path

import keras
import pytest

import lossbook as lb
from lossbook._audit import HAZARDS, SEVERITIES, SYMPTOMS, example_code
from tests.unit.audit.planted import LATER
from tools.sphinx_extensions.reference import findings
from tools.website import audit_runs

BOOK = Path(__file__).parents[2] / "book"
RUNS = {
    code: {"says": f"says {code}", "number": f"1.{i}", "ways": [f"2.{i}", "3", "4"], "by": "fit"}
    for i, code in enumerate(HAZARDS)
}
SECTIONS = dict(
    re.findall(r"^### (\S+)\n(.+?)(?=^### |\Z)", findings.part_of("sections", RUNS), re.M | re.S)
)


def test_the_sections_follow_the_path():
    assert list(SECTIONS) == sorted(HAZARDS, key=lambda code: HAZARDS[code].place)


@pytest.mark.parametrize("code", HAZARDS)
def test_a_section_has_what_the_check_and_the_run_say(code):
    section, hazard, run = SECTIONS[code], HAZARDS[code], RUNS[code]
    assert section.strip().startswith(f"**{hazard.means}**\n\n{hazard.severity.capitalize()} · ")
    assert f"]({hazard.chapter})" in section
    assert f"```python\n{example_code(hazard)}\n```" in section
    assert f"\n\n{run['says']}\n```" in section
    numbers = [("none: as above", run["number"]), *zip(hazard.ways, run["ways"], strict=False)]
    assert (
        "| Way out | `mended` | Loss, by `fit` |\n|---|---|---|\n"
        + "".join(f"| {way} | {k} | {number} |\n" for k, (way, number) in enumerate(numbers))
        in section
    )
    assert f"**Why.** {hazard.why}\n" in section
    assert f"**When to ignore it.** {hazard.ignore}\n" in section
    for key in hazard.symptoms:
        assert SYMPTOMS[key] in section
    assert re.findall(r"\((https://\S+?)\)", section) == list(hazard.asked)


def test_an_example_that_does_not_run_here_is_said_to_be_so():
    text = findings.part_of("sections", RUNS | {"mask-lost": {"failed": "ValueError: no"}})
    assert "The example does not run with the installed Keras: ValueError: no." in text


def test_the_index_has_every_code_by_symptom_and_by_severity():
    text = findings.part_of("index", RUNS)
    lines = dict(re.findall(r"^\*\*(.+?)\*\*[^\[]*(\[.+)$", text, re.M))
    for name, chosen in [
        *(
            (f"{SYMPTOMS[key]}:", {c for c in HAZARDS if key in HAZARDS[c].symptoms})
            for key in SYMPTOMS
        ),
        *((s.capitalize(), {c for c in HAZARDS if HAZARDS[c].severity == s}) for s in SEVERITIES),
    ]:
        links = re.findall(r"\[`(.+?)`\]\(#(.+?)\)", lines[name])
        assert {code for code, _ in links} == chosen and all(a == b for a, b in links)


@pytest.mark.parametrize("code", ["mask-lost", "class-weight-mean", "weights-refused"])
def test_a_run_is_what_audit_and_keras_say(code):
    run, hazard = audit_runs.run(code), HAZARDS[code]
    keras.backend.clear_session()
    case = hazard.planted()
    (finding,) = lb.audit(case.model, **case.data)
    assert run["says"].splitlines()[-1] == f"  {code}, {hazard.chapter}: python -m lossbook {code}"
    assert run["message"] == finding.message and run["fix"] == finding.fix
    assert len(run["ways"]) == len(hazard.ways)
    for way, number in enumerate(run["ways"], 1):
        mended = hazard.planted(mended=way)
        weight = mended.data.pop("class_weight", None)
        if weight is not None:  # what fit does with it
            rows = [weight[int(label)] for label in mended.data["y"].ravel()]
            mended.data["sample_weight"] = keras.ops.convert_to_numpy(rows)
        evaluated = mended.model.evaluate(**mended.data, verbose=0)
        assert float(number) == pytest.approx(evaluated, rel=1e-3)
        if code == "weights-refused":
            assert "Error: " in run["number"]
        else:
            assert abs(float(run["number"]) - float(number)) > 0.01


def test_a_run_that_fails_says_why(monkeypatch):
    def planted(mended=False):
        raise ValueError("no such layer")

    monkeypatch.setattr(HAZARDS["mask-lost"], "planted", planted)
    assert audit_runs.run("mask-lost") == {"failed": "ValueError: no such layer"}


# --- what the search knows a finding by


def test_every_finding_has_words_and_a_phrase_of_its_own():
    found = findings.phrases()
    assert set(found) == set(HAZARDS) and all(found.values())
    every = [phrase for phrases in found.values() for phrase in phrases]
    assert len(every) == len(set(every))
    assert "Masked positions" in findings.words_of("mask-lost", {})


@pytest.mark.filterwarnings("ignore")  # what Keras itself says of these models
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="texts of one backend")
@pytest.mark.parametrize(
    "code", [code for code in sorted(HAZARDS)[::5] if code not in {*LATER, "own-error"}]
)
def test_a_real_message_has_words_that_the_search_knows(code):
    case = HAZARDS[code].planted()
    message = next(f.message for f in lb.audit(case.model, **case.data) if f.code == code)
    plain = set(re.findall(r"[a-z]{4,}", message))
    known = set(re.findall(r"[a-z]{4,}", findings.words_of(code, {})))
    assert len(plain & known) >= 0.6 * len(plain), plain - known


# --- from everywhere to there


def test_the_pages_link_to_codes_that_there_are():
    linked = [
        (path.name, code)
        for path in (*BOOK.glob("*.md"), *BOOK.glob("*.ipynb"), *BOOK.glob("api/*.md"))
        for code in re.findall(r"findings\.md#([\w-]+)", path.read_text(encoding="utf-8"))
    ]
    assert {code for _, code in linked} <= {*HAZARDS, "by-what-you-see"}


def test_the_reference_of_audit_leads_to_the_findings():
    assert "(../findings.md)" in (BOOK / "api/audit.md").read_text(encoding="utf-8")
    assert "(api/audit.md)" in (BOOK / "findings.md").read_text(encoding="utf-8")

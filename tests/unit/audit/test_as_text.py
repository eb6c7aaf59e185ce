"""The findings as text: every code has its texts, its example, its address, its section."""

import subprocess
import sys

import pytest

import lossbook as lb
from lossbook import __main__ as command
from lossbook._audit import HAZARDS, SYMPTOMS, example_code, index, section
from lossbook._core import home
from tests.unit.audit.planted import LATER

every_code = pytest.mark.parametrize("code", HAZARDS)


@pytest.fixture
def with_a_home(monkeypatch):
    monkeypatch.setattr(home, "SITE", "https://somebody.github.io/lossbook/")


@every_code
def test_a_code_has_its_texts(code):
    hazard = HAZARDS[code]
    for text in (hazard.means, hazard.why, hazard.ignore):
        assert text.endswith(".") and len(text) > 15
    assert ". " not in hazard.means  # one sentence
    assert hazard.symptoms and set(hazard.symptoms) <= set(SYMPTOMS)
    assert len(set(hazard.asked)) == len(hazard.asked)
    assert all(address.startswith("https://") for address in hazard.asked)


def test_every_symptom_has_a_finding_and_no_text_stands_twice():
    assert {key for hazard in HAZARDS.values() for key in hazard.symptoms} == set(SYMPTOMS)
    assert len({hazard.means for hazard in HAZARDS.values()}) == len(HAZARDS)


@every_code
def test_an_example_stands_alone(code):
    """What a reader pastes: imports, helpers, function, and nothing of the hazard."""
    text, space = example_code(HAZARDS[code]), {}
    exec(compile(text, code, "exec"), space)
    assert callable(space[HAZARDS[code].planted.__name__])
    assert "Hazard" not in text and ".example(" not in text


@pytest.mark.parametrize(
    "code",
    ["mask-lost", "last-of-a-loop", "step-broadcast", "class-weight-missing", "ctc-blank"],
)
def test_a_pasted_example_has_the_finding(code):
    if code in LATER:
        pytest.skip("this backend cannot have it")
    space = {}
    exec(compile(example_code(HAZARDS[code]), code, "exec"), space)
    case = space[HAZARDS[code].planted.__name__]()
    assert [finding.code for finding in lb.audit(case.model, **case.data)] == [code]


# --- the address


def finding(code="mask-lost"):
    return HAZARDS[code].found("a message", "a fix", {})


def test_without_a_home_a_finding_says_what_prints_its_section():
    assert finding().url == ""
    assert str(finding()).endswith("\n  mask-lost, 04_masks.ipynb: python -m lossbook mask-lost")
    html = lb._audit.Findings([finding()])._repr_html_()
    assert "href" not in html and "<code>python -m lossbook mask-lost</code>" in html


def test_with_a_home_a_finding_has_an_address(with_a_home):
    address = "https://somebody.github.io/lossbook/book/findings.html#mask-lost"
    assert finding().url == address
    assert str(finding()).endswith(f"\n  mask-lost, 04_masks.ipynb: {address}")
    html = lb._audit.Findings([finding()])._repr_html_()
    assert f'<a href="{address}"><code>mask-lost</code></a>, 04_masks.ipynb' in html


# --- python -m lossbook


def printed(capsys, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["lossbook", *arguments])
    command.main()
    return capsys.readouterr().out


def test_the_index_has_every_code_below_its_symptoms(capsys, monkeypatch):
    text = printed(capsys, monkeypatch)
    assert text == f"{index()}\n"
    head, *parts = text.split("\n\n")
    assert (
        head == "88 findings of lossbook.audit (49 errors, 34 warnings, 5 notes), by what you see:"
    )
    for part, (key, seen) in zip(parts, SYMPTOMS.items(), strict=False):
        first, _, codes = part.partition("\n")
        assert first == seen
        assert set(codes.replace("\n", " ").replace(",", " ").split()) == {
            code for code, hazard in HAZARDS.items() if key in hazard.symptoms
        }


@every_code
def test_a_section_has_all_of_a_code(code, capsys, monkeypatch):
    text, hazard = " ".join(printed(capsys, monkeypatch, code).split()), HAZARDS[code]
    parts = [hazard.means, hazard.why, hazard.ignore, hazard.chapter, *hazard.asked]
    parts += [SYMPTOMS[key] for key in hazard.symptoms] + [example_code(hazard)]
    ways = [f"{number}. {way}" for number, way in enumerate(hazard.ways, 1)]
    ways = " ".join(["Ways out, as `mended` in the example:", *ways, "Why:"])
    for part in (*parts, ways):
        assert " ".join(part.split()) in text
    assert text.startswith(f"{code} ({hazard.severity}): ")
    assert max(map(len, section(code).splitlines())) <= 104  # code of 100 columns, indented


def test_a_section_names_the_page_of_its_chapter(with_a_home):
    page = "https://somebody.github.io/lossbook/book/04_masks.html"
    assert f"Chapter: 04_masks.ipynb {page}" in section("mask-lost")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("masklost", "Near it: mask-lost."),
        ("MASK-LOST", "Near it: mask-lost."),
        ("ctc", "Near it: ctc-labels, ctc-too-long, ctc-blank, ctc-probabilities."),
        ("qqqq", "`python -m lossbook` lists all codes."),
    ],
)
def test_an_unknown_code(given, said, capsys, monkeypatch):
    with pytest.raises(SystemExit) as ended:
        printed(capsys, monkeypatch, given)
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"audit has no finding {given!r}. {said}\n")


def test_it_needs_no_keras():
    code = "import sys, lossbook.__main__; print({'keras', 'tensorflow'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

"""The page "Where it runs" says what is in records/environments/, all of it, and nothing else."""

import re

import pytest

from tests.tools.environments.sample_record import RECORD
from tools.environments import runs
from tools.notebooks.files import ROOT, notebooks
from tools.sphinx_extensions import where_it_runs

TITLES = {"01_one_number": "1 One number", "12_case_study": "12 Case study"}
RAN = {
    **RECORD,
    "environment": "colab-2026-08",
    "title": "Colab's image",
    "notebooks": {
        "01_one_number": {"passed": 21, "failed": 0, "skipped": 0, "seconds": 8.1},
        "12_case_study": {"passed": 30, "failed": 0, "skipped": 2, "seconds": 80.0},
    },
    "notes": ["Colab itself was not opened."],
}
FAILED = {
    **RAN,
    "title": "Another",
    "date": "2026-11-23",
    "backend": "torch",
    "device": "gpu",
    "notebooks": {"01_one_number": {"passed": 20, "failed": 1, "skipped": 0, "seconds": 8.1}},
    "notes": [],
}
GAP = {
    **RAN,
    **dict.fromkeys(runs.VERSIONS),
    "title": "A GPU",
    "notebooks": {},
    "notes": ["No GPU was at hand."],
}
FOUND = {"colab-2026-08": RAN, "another": FAILED, "gpu": GAP}


@pytest.mark.parametrize("part", where_it_runs.PARTS)
def test_a_part_says_what_ran_what_failed_and_what_did_not_run(part, monkeypatch, snapshot):
    by_rule = {"torch": ["01_one_number", "12_case_study"], "tensorflow": [], None: []}
    monkeypatch.setattr(where_it_runs, "by_rule", by_rule.get)
    assert where_it_runs.part_of(part, FOUND, TITLES) == snapshot


def test_the_cells_that_measure_on_tensorflow_alone_are_known():
    assert where_it_runs.by_rule("jax") == [
        "05_weights",
        "10_mean_of_means",
        "13_your_model",
        "13_your_model",
    ]
    assert where_it_runs.by_rule("torch") == [
        "05_weights",
        "09_epochs",
        "10_mean_of_means",
        "13_your_model",
        "13_your_model",
    ]
    assert where_it_runs.by_rule("tensorflow") == []


def test_the_page_shows_every_part_and_every_chapter():
    page = (ROOT / "book/where_it_runs.md").read_text(encoding="utf-8")
    assert re.findall(r"{where-it-runs} (\w+)", page) == [*where_it_runs.PARTS]
    assert list(where_it_runs.titles()) == [path.stem for path in notebooks()]


def test_every_record_is_on_the_page_and_every_number_in_a_record():
    found, titles = runs.read_all(), where_it_runs.titles()
    parts = {name: where_it_runs.on_page(name) for name in where_it_runs.PARTS}
    for name, record in found.items():
        assert record["title"] in parts["environments"]
        if not record["notebooks"]:
            continue
        _, head, _, *rows, _ = parts["chapters"].splitlines()
        column = [cell.strip() for cell in head.split("|")].index(
            where_it_runs.SHORT.get(name, name)
        )
        shown = [row.split("|")[column].strip() for row in rows]
        expected = [record["notebooks"].get(chapter) for chapter in titles]
        assert [text == "not run" for text in shown] == [c is None for c in expected]
        sums = [
            int(re.search(r"(\d+)(?: failed|$|,)", text)[1]) for text in shown if text[0] != "n"
        ]
        assert sum(sums) == sum(c["passed"] + c["failed"] for c in expected if c)


def test_no_number_stands_in_the_page_itself():
    page = (ROOT / "book/where_it_runs.md").read_text(encoding="utf-8")
    assert not re.search(r"\d", page)


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="has the parts answer, environments, chapters, notes"):
        where_it_runs.on_page("map")

"""The workshop: a plan that adds up, questions that Keras answers, notebooks without solutions."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import keras
import numpy as np
import pytest
from mdit_py_plugins.anchors.index import slugify

from lossbook._exercises import EXERCISES
from tests.exercises.keras_losses import dense, evaluate, identity, loss_of, same
from tools.notebooks.exercises import exercises as exercises_of
from tools.notebooks.files import ROOT, code_cells, name_of, notebooks, read
from tools.notebooks.numbers import numbers, numbers_of, shows
from tools.sphinx_extensions import workshop_pages
from tools.workshop import bundle, learner_notebooks
from tools.workshop.plan import FOLDER, clock, load, questions

PLAN = load()
CHAPTERS = {path.stem: read(path) for path in notebooks()}
TAUGHT = [step for step in PLAN.steps if step.chapter]
ASKED = questions()


def headings(nb):
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    return set(re.findall(r"^#{1,4} (.+)$", text, re.MULTILINE))


def test_every_chapter_is_taught_on_the_full_day():
    assert {step.chapter for step in TAUGHT} == CHAPTERS.keys()
    assert all("day" in step.minutes for step in TAUGHT)


def test_a_longer_cut_has_every_step_of_a_shorter_one():
    taught = [{s.id for s in PLAN.steps_in(cut.name) if s.parts} for cut in PLAN.cuts]
    assert taught[0] < taught[1] < taught[2]


def test_who_comes_is_sent_to_a_plan_that_has_their_chapters():
    page = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
    sent = re.findall(r"chapters ([\d, and]+): (half a day|the full day) \|$", page, re.MULTILINE)
    assert len(sent) == 3
    for chapters, title in sent:
        cut = {"half a day": "half", "the full day": "day"}[title]
        taught = {step.chapter[:2] for step in TAUGHT if cut in step.minutes}
        assert {f"{int(n):02}" for n in re.findall(r"\d+", chapters)} <= taught


@pytest.mark.parametrize("step", TAUGHT, ids=lambda step: step.id)
def test_a_step_names_what_its_chapter_has(step):
    known = {exercise.name for exercise in exercises_of(CHAPTERS[step.chapter])}
    assert known <= EXERCISES.keys()
    for part in step.parts:
        assert not part.section or part.section in headings(CHAPTERS[step.chapter]), part.section
        assert (part.exercise in known) == (part.do == "exercise"), part.exercise
    assert step.objective and step.wrong
    for cut in step.minutes:
        assert any(part.exercise for part in step.parts_in(cut)) or step.id == "atlas"


@pytest.mark.parametrize("step", TAUGHT, ids=lambda step: step.id)
def test_a_number_in_the_plan_stands_in_an_output_of_the_chapter(step):
    shown = numbers_of(CHAPTERS[step.chapter])
    text = " ".join([*(part.what for part in step.parts), *(" ".join(w) for w in step.wrong)])
    text = re.sub(r"\b2\.2(\.\d)?\b", "", text)  # a release
    for number in numbers(text):
        assert not number.counts or shows(shown, number), number


def test_a_plan_that_does_not_add_up_is_refused(tmp_path):
    text = (FOLDER / "plan.toml").read_text(encoding="utf-8")
    wrong = tmp_path / "plan.toml"
    wrong.write_text(text.replace("total = 90", "total = 95"), encoding="utf-8")
    with pytest.raises(ValueError, match="the steps of '90 minutes' take 90 minutes, not 95"):
        load(wrong)
    wrong.write_text(text.replace('do = "predict"', 'do = "guess"'), encoding="utf-8")
    with pytest.raises(ValueError, match="one-number: do = 'guess'; use one of ask, predict, run"):
        load(wrong)


def test_the_table_by_the_minute():
    """The steps, in bold, follow each other; so do the parts of each, and fill it."""
    for cut in PLAN.cuts:
        lines = workshop_pages.cut(cut.name).splitlines()
        rows = [[c.strip() for c in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]
        assert {len(row) for row in rows} == {3}
        ends = part_ends = breaks = 0
        for start, minutes, _ in rows[2:-1]:
            if start.startswith("**"):
                assert start == f"**{clock(ends)}**"
                assert part_ends in (ends, breaks), "a step's parts fill it"
                breaks = part_ends = ends
                ends += int(minutes.strip("*"))
            else:
                assert start == clock(part_ends)
                part_ends += int(minutes)
        assert rows[-1][0] == f"**{clock(cut.total)}**"


def test_the_steps_text_has_every_remark():
    text = workshop_pages.steps()
    assert all(seen in text and say in text for step in PLAN.steps for seen, say in step.wrong)
    assert text.count("### ") == sum(bool(step.wrong) for step in PLAN.steps)


# The check: what real Keras says to each question.


def evaluated(penalty):
    """Return the loss that evaluate gives, and what fit logs, with an L2 penalty of this size."""
    x = np.array([1, 1, 1, 1, 4, 4], "float32")[:, None]
    model = identity((1,), dense([[1.0]], kernel_regularizer=keras.regularizers.L2(penalty)))
    options = {"batch_size": 4, "verbose": 0}
    logs = model.fit(x, 0 * x, shuffle=False, validation_data=(x, 0 * x), **options).history
    return model.evaluate(x, 0 * x, **options), logs


def test_keras_gives_the_right_answers():
    one, weight = np.zeros((8, 64, 64, 5)), np.array([1, 1, 0, 0], "float32")
    one[0, 0, 0, 0] = 1  # its loss is one divided by what a sum is divided by
    four, (plain, _) = [1, 2, 3, 4], evaluated(penalty=0.0)
    alike, rows = np.full((8, 10), 0.1, "float32"), np.eye(10, dtype="float32")[:8]
    ten = evaluate(alike, rows, loss="categorical_crossentropy")
    divided = 8 * np.log(10) / ten  # each row costs log 10, all elements together eight of it
    right = [1 / evaluate(one), loss_of(four, weight), loss_of(four, mask=weight == 1), divided]
    for question, number in zip(ASKED, right, strict=False):
        answer = next(option["say"] for option in question["options"] if option.get("right"))
        claimed = float(np.prod([float(factor) for factor in answer.split(" · ")]))
        np.testing.assert_allclose(number, claimed, rtol=1e-6, err_msg=question["ask"])
    with_penalty, logs = evaluated(penalty=0.5)
    same([with_penalty, *logs["loss"], *logs["val_loss"]], [plain + 0.5] * 3)
    assert ASKED[4]["options"][2] == {"say": "in loss and in val_loss, undivided", "right": True}


def test_a_question_has_one_right_answer_and_a_belief_for_each_other():
    assert len(ASKED) == 5
    for question in ASKED:
        assert sum(option.get("right", False) for option in question["options"]) == 1
        assert all(option.get("right") or option["belief"] for option in question["options"])
        assert len({option["say"] for option in question["options"]}) == 4
        name, _, anchor = question["book"].partition("#")
        slugs = {slugify(h) for h in headings(CHAPTERS[Path(name).stem])}
        assert anchor in slugs, question["book"]
    open_text = workshop_pages.check()
    beliefs = [option["belief"] for q in ASKED for option in q["options"] if "belief" in option]
    assert "Right" not in open_text and not any(belief in open_text for belief in beliefs)


def test_every_wrong_answer_names_its_belief():
    parts = re.split(r"\*\*\d\.\*\* ", workshop_pages.check("yourself"))[1:]
    for question, text in zip(ASKED, parts, strict=True):
        for option in question["options"]:
            end = r"</summary>\n\n(.+)\n\n</details>"
            (told,) = re.findall(rf"\) {re.escape(option['say'])}{end}", text)
            said = f"*{option['belief']}.*" if "belief" in option else "**Right.**"
            assert said in told
            assert question["book"] in told


# The learners' notebooks.


@pytest.mark.parametrize("path", notebooks(), ids=name_of)
def test_a_learners_notebook_has_hints_and_no_solution(path):
    nb = read(path)
    learners = learner_notebooks.learner(nb)
    text = "\n".join(cell.source for cell in learners.cells)
    found = exercises_of(nb)
    assert text.count("<summary>Hint 1</summary>") == text.count("<summary>Hint 2</summary>")
    assert text.count("<summary>Hint 1</summary>") == len(found)
    assert "<summary>Solution</summary>" not in text
    assert "colab.research.google.com" not in learners.cells[0].source
    for exercise in found:
        assert exercise.stub in [cell.source for cell in code_cells(learners)]
        assert exercise.solution.strip() not in text
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(learners))
    assert [cell.source for cell in code_cells(learners)] == [
        cell.source for cell in code_cells(nb)
    ]


def test_they_are_written_as_notebooks(tmp_path, monkeypatch):
    monkeypatch.setattr(learner_notebooks, "notebooks", lambda: notebooks()[:1])
    (path,) = learner_notebooks.write(tmp_path / "learner")
    assert read(path).nbformat == 4


# The bundle.


def test_start_explains_itself():
    start = [sys.executable, str(ROOT / "workshop/start.py"), "help"]
    result = subprocess.run(start, capture_output=True, text=True)
    assert result.returncode == 1 and "python3 start.py download" in result.stderr


def test_the_wheels_are_those_of_the_book():
    def pins(name):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and line[:1].isalpha()}

    ours, theirs = pins("requirements.txt"), pins("workshop/wheels.txt")
    names = {line.split("==")[0] for line in ours}
    assert {line for line in theirs if line.split("==")[0] in names} <= ours
    assert {"keras", "tensorflow", "numpy", "matplotlib", "jupyterlab", "ipykernel"} <= {
        line.split("==")[0] for line in theirs
    }
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "jupyterlab>=4" in extra["project"]["optional-dependencies"]["workshop"]


def test_the_bundle_hides_the_network(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    _, environment = bundle.offline()
    assert environment["PIP_NO_INDEX"] == "1" and "PYTHONPATH" not in environment
    assert environment["https_proxy"].startswith("http://127.0.0.1")


def test_the_bundle_needs_site_and_slides(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "SITE", tmp_path)
    with pytest.raises(SystemExit, match=r"The site is not there, or lacks its slides\. Run: make"):
        bundle.pack()


def test_the_diagnosis_on_the_page_is_one_of_the_checkers():
    page = (ROOT / "book/instructors.md").read_text(encoding="utf-8")
    (quoted,) = re.findall(r'wrong in a way that it knows \("([^"]+)"\)', page)
    assert quoted in {
        mistake for e in EXERCISES.values() for mistake in e.answers(*e.cases[0]).mistakes
    }

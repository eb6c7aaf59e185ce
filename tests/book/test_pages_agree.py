"""Pages hold each other: what one says must be what a run, a record or another page says.

Each test takes a statement that once stood on one page and was denied by another. It asks real
Keras, the recorded runs or the outputs of a chapter first, and then reads the pages.
"""

import json
import re
import tomllib
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from lossbook import atlas
from tests.rosetta.test_rosetta import PYTORCH
from tools.cheatsheet import content
from tools.environments.runs import read_all, total
from tools.sphinx_extensions import where_it_runs
from tools.workshop.plan import load, questions

pytestmark = pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
NOTEBOOKS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(BOOK.glob("[0-9][0-9]_*.ipynb"))
}
PLAN = load()


def cells(chapter, kind):
    return [cell for cell in NOTEBOOKS[chapter]["cells"] if cell["cell_type"] == kind]


def output(chapter, cell):
    """What one cell of a chapter printed."""
    (found,) = (one for one in cells(chapter, "code") if one["id"] == cell)
    return "".join("".join(out.get("text", "")) for out in found["outputs"])


def words_of_plan():
    """Everything that the plan says: what to do, and what to answer."""
    said = [part.what for step in PLAN.steps for part in step.parts]
    return "\n".join(said + [text for step in PLAN.steps for pair in step.wrong for text in pair])


PAGES = {
    **{path.name: path.read_text(encoding="utf-8") for path in sorted(BOOK.glob("*.md"))},
    **{
        name: "\n".join("".join(cell["source"]) for cell in cells(name, "markdown"))
        for name in NOTEBOOKS
    },
    "plan": words_of_plan(),
    "slides": (ROOT / "workshop" / "slides.md").read_text(encoding="utf-8"),
    "mail": (ROOT / "workshop" / "mail.txt").read_text(encoding="utf-8"),
    "footer": (ROOT / "tools" / "theme" / "layout.html").read_text(encoding="utf-8"),
}


def sentences(pattern):
    """Yield (page, sentence) for each sentence of a page, or cell of a table, with the pattern."""
    for page, text in PAGES.items():
        for line in text.splitlines():
            for one in re.split(r"(?<=[.!?])\**\s|\s\|\s", line):
                if re.search(pattern, one):
                    yield page, one


def identity(form=list):
    """Return a model of two outputs that returns its inputs, and targets of 0."""
    inputs = [keras.Input((1,)), keras.Input((1,))]
    outputs = [keras.layers.Identity(name=name)(x) for name, x in zip("ab", inputs, strict=True)]
    model = keras.Model(inputs, outputs if form is list else dict(zip("ab", outputs, strict=True)))
    x = [np.full((2, 1), 1.0), np.full((2, 1), 3.0)]
    zeros = [0 * one for one in x]
    return model, x, zeros if form is list else dict(zip("ab", zeros, strict=True))


# 1 computed here, or recorded elsewhere


def test_numbers_that_are_typed_in_are_called_recorded():
    typed = [
        name
        for name in NOTEBOOKS
        if any("RECORDED = {\n" in cell["source"] for cell in cells(name, "code"))
    ]
    assert typed == ["16_rosetta"]
    for page, sentence in sentences(r"(?i)every number"):
        assert not re.search(r"computed|printed by", sentence), (page, sentence)
    for page in ("index.md", "footer"):
        assert re.search(r"other\s+releases.+\brecorded\b", PAGES[page], re.DOTALL), page
    for chapter in ("02_elementwise", *typed):
        assert re.search(r"\btyped in\b|\*?recorded\*?", PAGES[chapter]), chapter


# 2 what PyTorch divides by


def test_the_losses_of_pytorch_stand_in_the_row_of_their_rule():
    cases = {"BCE": "BCEWithLogitsLoss", "MSE": "mse_loss", "cross_entropy": "CrossEntropyLoss"}
    x, y, w = np.full((2, 2), 0.5), np.zeros((2, 2)), np.array([[1.0, 3.0], [1.0, 1.0]])
    logits = {"CrossEntropyLoss": (x, np.array([0, 1]), [1.0, 3.0])}
    rules = {word: PYTORCH[name](*logits.get(name, (x, y, w))).rule for word, name in cases.items()}
    assert rules == {"BCE": "pytorch-elementwise", "MSE": "pytorch", "cross_entropy": "pytorch"}
    shown = {row[0]: row[3] for row, _ in content.rules().rows if row[0].startswith("PyTorch")}
    scripts = sorted((ROOT / "lossbook" / "_interact").rglob("*.js"))
    script = "".join(path.read_text(encoding="utf-8") for path in scripts)
    ledger = dict(re.findall(r'"(pytorch[\w-]*)": \["PyTorch, ([^"]+)"', script))
    assert len(shown) == len(ledger) == 2
    for word, rule in rules.items():
        for row, number in shown.items():
            if word in row:
                assert number == {"pytorch": "1.5", "pytorch-elementwise": "0.75"}[rule], row
        for name, label in ledger.items():
            if word.lower() in label.lower():
                assert name == rule, label


# 3 a loss left out of a dict


def test_a_dict_of_losses_may_leave_out_an_output_of_a_dict_not_of_a_list():
    for losses in ({"a": "mse"}, {"a": "mse", "b": None}):
        model, x, y = identity(dict)
        model.compile(loss=losses)
        assert model.evaluate(x, y, verbose=0) == pytest.approx(1.0)
    model, x, y = identity(list)
    model.compile(loss={"a": "mse"})
    with pytest.raises(ValueError, match="Expected keys"):
        model.evaluate(x, y, verbose=0)
    found = [*sentences(r"(?i)from Keras 3\.5 on|since Keras 3\.5")]
    about = [(page, text) for page, text in found if re.search(r"\berror\b|dictionary", text)]
    assert {page for page, _ in about} == {"14_keras_2", "15_atlas"}
    for page, text in about:
        assert re.search(r"\blist\b", text) and re.search(r"\bdict", text), page


# 4 metrics and the mask


def moves(name):
    """Whether a metric changes with the targets under a mask."""
    inputs = keras.Input((4,), dtype="int32")
    outputs = keras.layers.Embedding(5, 3, mask_zero=True)(inputs)
    model = keras.Model(inputs, keras.layers.Activation("sigmoid")(outputs))
    model.compile(loss="mse", metrics=[name], run_eagerly=True)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=(5, 3))])
    x = np.array([[1, 2, 3, 0], [2, 1, 0, 0]])
    y = (rng.uniform(size=(2, 4, 3)) > 0.5).astype("float32")
    changed = np.where(x[..., None] == 0, 1 - y, y)
    before, after = (model.evaluate(x, one, verbose=0) for one in (y, changed))
    assert before[0] == pytest.approx(after[0]), "the loss is masked"
    return before[1] != pytest.approx(after[1])


def test_the_metrics_that_see_the_mask_are_those_that_the_question_names():
    (answer,) = re.findall(r"### Do metrics see the mask\?\n\n\*\*(.+)\*\*", PAGES["questions.md"])
    see, blind = answer.split("; those that")
    named = re.findall(r'`"?(\w+)"?`', see)
    assert not any(moves(name) for name in named if name not in ("metrics", "weighted_metrics"))
    blind = re.findall(r"`(\w+)`", blind.split("In tf.keras")[0])
    assert len(blind) >= 5
    assert all(moves(name) for name in blind), {name: moves(name) for name in blind}


# 5 how far a lost class can move the loss


def test_the_price_of_a_lost_class_is_that_of_the_table():
    price = dict(re.findall(r"^  ([a-z ]+?) +(0\.\d{4})$", output("12_case_study", "price"), re.M))
    assert price["is sure of ground"] > price["knows the frequency"]
    summary = PAGES["12_case_study"].split("## Summary")[1]
    assert price["is sure of ground"] in summary
    for page, sentence in sentences(price["knows the frequency"].replace(".", r"\.")):
        assert not re.search(r"and no more|at most|can move the loss by", sentence), page
        if re.search(r"\ball that\b", sentence):
            assert re.search(r"learned|knows", sentence), (page, sentence)
    assert "The loss does see" in PAGES["12_case_study"]
    assert "**It can't" not in PAGES["12_case_study"]


# 6 from_logits=True on a sigmoid


def test_what_from_logits_does_to_a_sigmoid():
    found = keras.backend.backend() == "tensorflow"
    z, y = np.array([[-40.0]], "float32"), np.ones((1, 1), "float32")

    def evaluated(x, *after):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Activation("sigmoid"), *after])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            number = model.evaluate(x, y, verbose=0)
        return number, any("from_logits" in str(warning.message) for warning in told)

    assert evaluated(z) == (pytest.approx(40.0 if found else np.log(2), rel=1e-5), found)
    perfect, _ = evaluated(-z, keras.layers.Reshape((1,)))
    assert perfect == pytest.approx(0.313, abs=5e-4)
    for page, sentence in sentences(r"(?i)sigmoid is (taken|applied) twice"):
        pytest.fail(f"{page}: {sentence}")
    (say,) = (s for step in PLAN.steps for seen, s in step.wrong if "from_logits=True" in seen)
    assert "warns" in say and f"{perfect:.3f}" in say


# 7 a mask on the output


def test_a_mask_on_the_output_is_no_proof():
    assert "keeps 8 of 8 steps" in output("04_masks", "hollow")  # and the padding counts
    for page, sentence in sentences(r"_keras_mask"):
        assert not re.search(r"(?i)\b(ask for|look for|check)\b", sentence), (page, sentence)
    (masks,) = (step for step in PLAN.steps if step.id == "masks")
    assert "targets under the padding" in " ".join(say for _, say in masks.wrong)


# 8 twice the loss weights


def test_twice_the_loss_weights_is_not_twice_a_loss_with_a_penalty():
    def loss(weights):
        inputs = keras.Input((1,))
        ones = {"use_bias": False, "kernel_initializer": "ones"}
        penalised = keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.5), **ones)
        model = keras.Model(inputs, [penalised(inputs), keras.layers.Identity()(inputs)])
        model.compile(loss=["mae", "mae"], loss_weights=weights)
        x = np.full((2, 1), 2.5)
        return model.evaluate(x, [0 * x, 0 * x], verbose=0)

    once, twice = loss([1.0, 1.0]), loss([2.0, 2.0])
    once, twice = (one[0] if isinstance(one, list) else one for one in (once, twice))
    assert (once, twice) == (pytest.approx(5.5), pytest.approx(10.5))
    found = list(sentences(r"(?i)doubl\w+ (all of them|them all)"))
    assert {page for page, _ in found} >= {"questions.md", "plan"}
    for page, sentence in found:
        assert re.search(r"penalt", sentence), (page, sentence)


# 9 which Keras divided by the weights that are not 0


def test_the_releases_that_divide_by_nonzero_weights():
    numbers = atlas.recorded("sw-mse-r2-zeros")
    old = [name for name, number in numbers.items() if number == numbers["keras-2.2.4"]]
    assert old == ["keras-2.2.4", "keras-2.2.5"]
    for page, sentence in sentences(r"Keras up to 2\.2\.\d"):
        assert f"up to {old[-1][6:]}" in sentence, (page, sentence)


# 10 what failed, and where


def test_where_it_runs_says_what_failed_on_the_keras_to_come():
    failed = total(read_all()["nightly"])["failed"]
    answer = where_it_runs.on_page("answer")
    if failed:
        assert re.search(rf"Keras as it is developed\b.+\b{failed} of", answer)


# 11 what the workshop promises


def test_the_workshop_promises_what_its_plans_have():
    steps = {cut.name: {step.id for step in PLAN.steps_in(cut.name)} for cut in PLAN.cuts}
    asked = {question["book"][3:].partition(".")[0].replace("_", "-") for question in questions()}
    assert not asked <= steps["90"], "the short plan leaves some of the five questions out"
    assert not re.search(r"(?i)measured every one", PAGES["plan"])
    if re.search(r"last part .*\bis about it", PAGES["mail"], re.DOTALL):
        assert "brought" in PAGES["plan"]


# 12 how many reductions agree


def test_how_many_reductions_print_the_same():
    printed = dict(re.findall(r"^(\w+) +(\d\.\d{4})$", output("06_reduction", "puzzle"), re.M))
    mean = printed["sum_over_batch_size"]
    same = sum(number == mean for number in printed.values())
    assert (same, len(printed)) == (4, 5)
    assert (
        "**Four of the five print" in PAGES["06_reduction"]
        or "Four of the five print" in (PAGES["06_reduction"])
    )
    for page, sentence in sentences(
        r"(?i)\b(two|three|four|five) of (them|the five)\b.*\b(agree|same)\b"
    ):
        assert re.search(r"(?i)\bfour\b", sentence), (page, sentence)


# 13 links say where they lead


def test_a_link_to_a_chapter_leads_to_that_chapter():
    for page, text in PAGES.items():
        for number, file in re.findall(r"\[[Cc]hapter (\d+)\]\((?:book/)?(\d\d)_\w+\.ipynb", text):
            assert int(number) == int(file), (page, number, file)


def test_a_link_into_this_repository_leads_to_a_file():
    for page, text in PAGES.items():
        for path in re.findall(r"/lossbook/(?:blob|tree)/main/([\w./-]+)", text):
            assert (ROOT / path).exists(), (page, path)


def test_why_a_loss_returns_rows_is_asked_in_the_chapter_that_says_it():
    (why,) = (cell for cell in cells("13_your_model", "markdown") if cell["id"] == "keras-text")
    (link,) = re.findall(r"\((\w+)\.ipynb\) says why", "".join(why["source"]))
    assert "## What to return" in PAGES[link]


# 14 what is added, and what is divided


def test_an_activity_penalty_is_divided_by_the_batch():
    def penalty(rows, **settings):
        ones = {"use_bias": False, "kernel_initializer": "ones"}
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, **ones, **settings)])
        model.compile(loss="mae")
        x = np.full((rows, 1), 2.0)
        return model.evaluate(x, x, batch_size=rows, verbose=0)

    half = keras.regularizers.L2(0.5)
    assert [penalty(n, kernel_regularizer=half) for n in (2, 4)] == pytest.approx([0.5, 0.5])
    divided = tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 14)
    by_activity = [penalty(n, activity_regularizer=half) for n in (2, 4)]
    assert by_activity == pytest.approx([2.0, 2.0] if divided else [4.0, 8.0])
    sheet = tomllib.loads((ROOT / "tools" / "cheatsheet" / "content.toml").read_text("utf-8"))
    said = {
        "index.md": next(line for line in PAGES["index.md"].splitlines() if "| 7 Add" in line),
        "cheat sheet": sheet["stages"]["additional losses"]["effect"],
    }
    said |= dict(sentences(r"(?i)penalt\w+.*\bundivided|added.*\bundivided"))
    for page, sentence in said.items():
        if page == "08_additional_losses":
            continue  # it has a section of its own on activities
        about = re.search(r"activit|[Ww]eight penalt|L2", sentence)
        assert about or "undivided" not in sentence, (page, sentence)
    for page in ("index.md", "cheat sheet"):
        assert "activity penalt" in said[page], page


# more, found later


def test_a_mean_of_perplexities_may_be_the_smaller_number():
    losses, tokens = np.array([0.0, 5.0]), np.array([1, 100])
    assert np.exp(losses).mean() < np.exp(np.average(losses, weights=tokens))
    assert not [said for said in sentences(r"mean of perplexities") if "always" in said[1]]

"""The pictures of links to chapters (tools/sphinx_extensions/head/social_cards.py)."""

import json
import struct
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from tools.sphinx_extensions.head import social_cards, social_scenes

BOOK = Path(__file__).parents[3] / "book"
QUESTIONS = [
    json.loads(path.read_text(encoding="utf-8"))["metadata"].get("question", "")
    for path in sorted(BOOK.glob("[0-9][0-9]_*.ipynb"))
]


def test_the_drawing_is_that_of_the_book():
    root = ElementTree.parse(social_cards.DRAWING).getroot()
    (path,) = root.iter(f"{social_cards.SVG}path")
    assert next(social_cards.curves(path)) == [(964, 177), (1010, 177), (1040, 315)]
    card, says = social_cards.draw("Why?")
    assert says == "A grid of losses becomes one number: 0.0134."
    assert len(card.axes[0].patches) == 1 + 36 + 6 + 1  # paper, grid, curves, number
    assert {text.get_text() for text in card.axes[0].texts} == {"The Loss Book", "0.0134", "Why?"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_fits_beside_the_grid(question):
    card, _ = social_cards.draw(question)
    card.canvas.draw()
    lines = [text for text in card.axes[0].texts if text.get_weight() == "bold"]
    lines = [text for text in lines if text.get_text() != "0.0134"]
    assert " ".join(text.get_text() for text in lines) == question
    boxes = [text.get_window_extent() for text in lines]
    assert max(box.x1 for box in boxes) < 648
    assert min(box.y0 for box in boxes) > 20
    assert max(box.y1 for box in boxes) < 630 - 110


def test_a_question_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match=r"needs \d lines; a card has 6"):
        social_cards.draw("a long question of many words " * 5)


def test_a_card_has_the_size_that_the_page_says_and_the_same_bytes(tmp_path):
    one, two = (social_cards.save(tmp_path / name, "05_weights", "Why?")[0] for name in "ab")
    assert one.relative_to(tmp_path).as_posix() == "a/social/05_weights.png"
    assert one.read_bytes() == two.read_bytes()
    assert struct.unpack(">II", one.read_bytes()[16:24]) == (1200, 630)
    assert one.stat().st_size < 80_000


@pytest.mark.parametrize("meta", [None, {}, {"question": "Why?"}])
def test_a_page_without_a_question_keeps_the_picture_of_the_book(meta, tmp_path):
    app = SimpleNamespace(builder=SimpleNamespace(name="html"), outdir=tmp_path)
    context = {"meta": meta, "title": "Weights", "body": "<h1>Weights</h1>"}
    social_cards.give_card(app, "book/05_weights", "", context, None)
    assert context.get("social_card") == ("social/05_weights.png" if meta else None)
    assert (tmp_path / "social/05_weights.png").exists() == bool(meta)


LEDGER = "1~4~none~0.2_0.4_1_2~all~4_1_1_0_0~keras-3.15~sum_over_batch_size"


@pytest.mark.parametrize(
    ("body", "words", "says"),
    [
        (f'<lossbook-ledger id="ledger" data-state="{LEDGER}">', {"1", "loss 0.15"},
         "Budget bar: 4 coefficients as lengths, one after the other, together 1/2; 1/2 of the "),
        ('<figure data-script="a.js" data-island="means">', {"batch A: 1.6", "mean 4.4"},
         "Two batches as bars, as high as their losses, 1.6 and 7.2; the mean is 4.4."),
        ('<figure data-island="forgotten">', {"loss", "0.0138", "0.23"},
         "An image with a rare class, of which 23 % are found: the loss is 0.0138, the IoU "),
    ],
)  # fmt: skip
def test_a_card_shows_what_moves_on_the_page(body, words, says, tmp_path):
    app = SimpleNamespace(builder=SimpleNamespace(name="html"), outdir=tmp_path)
    context = {"meta": {}, "title": "The ledger &amp; more", "body": body}
    social_cards.give_card(app, "book/ledger", "", context, None)
    assert context["social_text"].startswith(f"The ledger & more {says}")
    assert (tmp_path / "social/ledger.png").stat().st_size < 80_000
    scene = social_cards.moving(body)
    card, _ = social_cards.draw("Why?", *scene)
    assert words <= {text.get_text().strip() for text in card.axes[0].texts}
    card.canvas.draw()
    beside = [t for t in card.axes[0].texts if t.get_text() not in ("Why?", "The Loss Book", "")]
    boxes = [text.get_window_extent() for text in beside]
    assert min(box.x0 for box in boxes) > 648 and max(box.x1 for box in boxes) < 1180


def test_the_ledger_of_a_card_has_its_coefficients_as_lengths():
    card, _ = social_cards.draw(
        "Why?", *social_cards.moving(f'<lossbook-ledger data-state="{LEDGER}">')
    )
    bars = [patch for patch in card.axes[0].patches if patch.get_height() == 70]
    whole = social_scenes.WIDTH
    assert [round((bar.get_width() + 3) / whole, 6) for bar in bars] == [0.25] * 4
    assert [bool(bar.get_hatch()) for bar in bars] == [False, False, True, True]

"""The pictures of links to chapters (tools/sphinx_extensions/social_cards.py)."""

import json
import struct
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from tools.sphinx_extensions import social_cards

BOOK = Path(__file__).parents[3] / "book"
QUESTIONS = [
    json.loads(path.read_text(encoding="utf-8"))["metadata"].get("question", "")
    for path in sorted(BOOK.glob("[0-9][0-9]_*.ipynb"))
]


def test_the_drawing_is_that_of_the_book():
    root = ElementTree.parse(social_cards.DRAWING).getroot()
    (path,) = root.iter(f"{social_cards.SVG}path")
    assert next(social_cards.curves(path)) == [(964, 177), (1010, 177), (1040, 315)]
    card = social_cards.draw("Why?")
    assert len(card.axes[0].patches) == 1 + 36 + 6 + 1  # paper, grid, curves, number
    assert {text.get_text() for text in card.axes[0].texts} == {"The Loss Book", "0.0134", "Why?"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_fits_beside_the_grid(question):
    card = social_cards.draw(question)
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
    one, two = (social_cards.save(tmp_path / name, "Why?", "05_weights") for name in "ab")
    assert one.relative_to(tmp_path).as_posix() == "a/social/05_weights.png"
    assert one.read_bytes() == two.read_bytes()
    assert struct.unpack(">II", one.read_bytes()[16:24]) == (1200, 630)
    assert one.stat().st_size < 80_000


@pytest.mark.parametrize("meta", [None, {}, {"question": "Why?"}])
def test_a_page_without_a_question_keeps_the_picture_of_the_book(meta):
    context = {"meta": meta}
    social_cards.name_card(SimpleNamespace(), "book/05_weights", "", context, None)
    assert context.get("social_card") == ("social/05_weights.png" if meta else None)

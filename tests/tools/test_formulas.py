"""LaTeX to MathML: what it draws, what it refuses, and the book's font."""

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools.sphinx_extensions import math_font
from tools.sphinx_extensions.formulas import FormulaError, formula

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"


def inside(source, display=False):
    """What stands between <math> and </math>."""
    return re.fullmatch(r"<math[^>]*>(.*)</math>", formula(source, display), re.DOTALL)[1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x", "<mi>x</mi>"),
        ("65{,}536", "<mn>65,536</mn>"),
        ("0.5", "<mn>0.5</mn>"),
        (r"\ell_i", "<msub><mi>ℓ</mi><mi>i</mi></msub>"),
        ("x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        ("x^2_i", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        ("y'", '<msup><mi>y</mi><mo lspace="0" rspace="0">′</mo></msup>'),
        (r"\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"),
        (r"\frac1C", "<mfrac><mn>1</mn><mi>C</mi></mfrac>"),
        (r"\frac{a b}{2}", "<mfrac><mrow><mi>a</mi><mi>b</mi></mrow><mn>2</mn></mfrac>"),
        (
            r"\tfrac1f",
            '<mstyle displaystyle="false"><mfrac><mn>1</mn><mi>f</mi></mfrac></mstyle>',
        ),
        (r"\bar w", '<mover accent="true"><mi>w</mi><mo stretchy="false">¯</mo></mover>'),
        (r"\text{to keep, }", '<mi mathvariant="normal">to keep,\xa0</mi>'),
        (r"\mathrm{mask\_weight}", '<mi mathvariant="normal">mask_weight</mi>'),
        (r"\text{a < b & c}", '<mi mathvariant="normal">a &lt; b &amp; c</mi>'),
        (r"\texttt{axis=1}", '<mi mathvariant="normal" class="lb-mono">axis=1</mi>'),
    ],
)
def test_a_piece(source, expected):
    assert inside(source) == expected


def operators(source, display=False):
    root = ElementTree.fromstring(formula(source, display))
    return [(o.text, o.get("form"), o.get("lspace")) for o in root.iter("mo")]


def test_a_minus_is_a_sign_or_an_operation():
    assert operators("a-b") == [("−", "infix", None)]
    assert operators("-a") == [("−", "prefix", "0")]
    assert operators("a=-b") == [("=", "infix", None), ("−", "prefix", "0")]
    assert operators("(-a)-b")[1:4:2] == [("−", "prefix", "0"), ("−", "infix", None)]


def test_an_index_is_set_without_spaces():
    assert operators("x_{c=1}") == [("=", "infix", "0")]
    assert operators(r"\frac{a+b}{c}") == [("+", "infix", "0")]
    assert operators(r"\frac{a+b}{c}", display=True) == [("+", "infix", None)]


def test_a_function_keeps_its_distance_from_letters_but_not_from_brackets():
    thin = '<mspace width="0.167em"/>'
    log = "<mi>log</mi>"
    assert inside(r"y\log p") == f"<mi>y</mi>{thin}{log}{thin}<mi>p</mi>"
    assert inside(r"\log(p)").startswith(f"{log}<mo")
    assert inside(r"\log\!\left(p\right)").startswith(f"{log}<mrow><mo")


def test_indices_of_a_sum_stand_below_it_where_there_is_room():
    assert inside(r"\sum_{i=1}^n x", display=True).startswith("<munderover>")
    assert inside(r"\sum_i x").startswith("<msub>")
    assert "<msub>" in inside(r"\frac{\sum_i x}{2}", display=True)
    assert inside(r"\textstyle\sum_i x", display=True).count("<msub>") == 1


def test_a_brace_has_its_word_below_in_any_style():
    assert inside(r"\underbrace{x}_{R}") == (
        '<munder><mrow class="lb-brace"><mi>x</mi></mrow><mi>R</mi></munder>'
    )


def test_tables():
    aligned = ElementTree.fromstring(formula(r"\begin{aligned}a &= b \\[2pt] &+ c\end{aligned}"))
    table = aligned.find("mtable")
    assert table.get("class") == "lb-aligned"
    cells = [["".join(cell.itertext()) for cell in row] for row in table]
    assert cells == [["a", "=b"], ["", "+c"]]
    assert table[1][1][0].get("form") == "infix"  # it stands between two lines
    cases = formula(r"D=\begin{cases}1&\text{sum}\\ n&\text{mean}\end{cases}")
    assert (
        cases.count("<mtr>") == 2 and '<mo form="prefix">{</mo><mtable class="lb-cases">' in cases
    )
    assert formula(r"a \\ b").count("<mtr>") == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (r"\oint x", r"\oint is unknown in the formula '\\oint x'"),
        (r"\begin{matrix}a\end{matrix}", r"\begin{matrix} is unknown"),
        (r"\frac{a}", "something is missing at the end"),
        (r"{a", "} is missing"),
        (r"\left( a", "right is missing"),
        (r"a & b", "& is unknown"),
        ("€", "€ is unknown"),
    ],
)
def test_what_it_does_not_know_it_refuses(source, message):
    with pytest.raises(FormulaError) as error:
        formula(source)
    assert message in str(error.value)


def book_formulas():
    """Every formula in the book's Markdown, without code."""
    for path in sorted([*BOOK.glob("*.ipynb"), *BOOK.glob("*.md")]):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        pattern = r"\$\$(.+?)\$\$|(?<![\\$])\$(?!\s)([^$\n]+?)(?<!\s)\$(?!\d)"
        for match in re.finditer(pattern, text, re.DOTALL):
            yield path.name, match[1] or match[2], bool(match[1])


def test_every_formula_of_the_book_is_drawn_and_the_font_has_its_letters():
    seen = 0
    for name, source, display in book_formulas():
        made = formula(source, display)
        ElementTree.fromstring(made)
        letters = {math_font.italic(c) for c in re.findall(r"<mi>(.)</mi>", made)}
        letters |= set(unescape(re.sub(r"<[^>]+>", "", made)))
        assert letters <= math_font.CHARACTERS, f"{name}: {letters - math_font.CHARACTERS}"
        seen += 1
    assert seen > 200


def test_the_font_was_made_for_these_characters():
    """When this fails, run -m tools.sphinx_extensions.math_font and put what it prints into
    MADE_FOR."""
    assert math_font.digest() == math_font.MADE_FOR
    assert math_font.FONT.read_bytes()[:4] == b"wOF2"
    assert math_font.FONT.stat().st_size < 30_000

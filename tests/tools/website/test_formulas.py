"""LaTeX to MathML: what is set otherwise than by latex2mathml, what is refused, the font."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import lossbook as lb
from tools.formulas import font
from tools.formulas.mathml import FormulaError, formula

BOOK = Path(__file__).resolve().parents[3] / "book"
THIN = '<mspace width="0.167em" />'


def inside(source, display=False):
    """What stands between <math> and </math>."""
    return re.fullmatch(r"<math[^>]*><mrow>(.*)</mrow></math>", formula(source, display))[1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("65{,}536", "<mn>65,536</mn>"),
        (r"\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"),
        (r"\bar w", '<mover accent="true"><mi>w</mi><mo stretchy="false">¯</mo></mover>'),
        (r"\text{to keep, }", '<mi mathvariant="normal">to keep,\xa0</mi>'),
        (r"\mathrm{mask\_weight}", '<mi mathvariant="normal">mask_weight</mi>'),
        (r"\mathrm{two\ words}", '<mi mathvariant="normal">two words</mi>'),
        (r"\text{a < b & c}", '<mi mathvariant="normal">a &lt; b &amp; c</mi>'),
        (r"\texttt{axis=1}", '<mi mathvariant="normal" class="lb-mono">axis=1</mi>'),
        (r"y\log p", f"<mi>y</mi>{THIN}<mi>log</mi>{THIN}<mi>p</mi>"),
    ],
)
def test_a_piece(source, expected):
    assert expected in inside(source)


@pytest.mark.parametrize("source", [r"\log(p)", r"\log\!\left(p\right)", r"\operatorname{cov}(p)"])
def test_no_space_between_a_function_and_its_brackets(source):
    assert "mspace" not in inside(source)


def operators(source, display=False):
    root = ElementTree.fromstring(formula(source, display))
    return [(o.text, o.get("form"), o.get("lspace")) for o in root.iter("mo")]


@pytest.mark.parametrize(
    ("source", "display", "expected"),
    [
        ("a-b", False, [("−", "infix", None)]),
        ("a=-b", False, [("=", None, None), ("−", "prefix", "0")]),
        (r"\text{a}-b", False, [("−", "infix", None)]),
        ("x_{c=1}", False, [("=", None, "0")]),
        (r"\frac{a+b}{c}", False, [("+", "infix", "0")]),
        (r"\frac{a+b}{c}", True, [("+", "infix", None)]),
        (r"a=\sum_i b", True, [("=", None, None), ("∑", None, "0")]),
    ],
)
def test_spaces_around_signs(source, display, expected):
    assert operators(source, display) == expected


def test_indices_of_a_sum_stand_below_it_where_there_is_room():
    assert "<munderover>" in inside(r"\sum_{i=1}^n x", display=True)
    assert "<munder>" in inside(r"\underbrace{\sum_i x}_{R}", display=True)
    assert "<msub>" in inside(r"\sum_i x")
    assert "<msub>" in inside(r"\frac{\sum_i x}{2}", display=True)
    for source in (r"\textstyle\sum_i x", r"\begin{aligned}a&=\textstyle\sum_i x\end{aligned}"):
        assert "<msub><mo" in inside(source, display=True)


def test_a_brace_has_its_word_below_in_any_style():
    brace = '<munder><mrow class="lb-brace"><mrow><mi>x</mi></mrow></mrow><mrow><mi>R</mi>'
    assert brace in inside(r"\underbrace{x}_{R}")


def test_tables():
    aligned = ElementTree.fromstring(formula(r"\begin{aligned}a &= b \\[2pt] &+ c\end{aligned}"))
    table = aligned.find("mrow/mtable")
    assert table.get("class") == "lb-aligned"
    cells = [["".join(cell.itertext()) for cell in row] for row in table]
    assert cells == [["a", "=b"], ["", "+c"]]
    assert table[1][1].find("mo").get("form") == "infix"  # it stands between two lines
    cases = formula(r"D=\begin{cases}1&\text{sum}\\ n&\text{mean}\end{cases}")
    assert cases.count("<mtr>") == 2
    assert '<mtable class="lb-cases">' in cases
    assert formula(r"a \\ b").count("<mtr>") == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (r"\foo x", r"\foo is unknown in the formula '\\foo x'"),
        (r"\begin{foo}a\end{foo}", r"\begin{foo} is unknown"),
        (r"\oint x", "the font lacks {'∮'}"),
        (r"\boxed{x}", "<menclose> is unknown"),
        (r"\frac{a}", "something is missing in <mfrac>"),
        (r"\bar", "NoAvailableTokens"),
        (r"{a", "a brace is missing"),
        (r"\left( a", "ExtraLeftOrMissingRight"),
        (r"a & b", "& is unknown"),
        ("€", "the font lacks {'€'}"),
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
            yield match[1] or match[2], bool(match[1])
    yield from ((rule.formula, False) for rule in lb.RULES.values())


def test_every_formula_of_the_book_is_drawn_and_the_font_has_its_letters():
    drawn = [ElementTree.fromstring(formula(*found)) for found in book_formulas()]
    assert len(drawn) > 200


def test_the_font_was_made_for_these_characters():
    """When this fails, run tools/formulas/font.py (it says how); put what it prints in MADE_FOR."""
    assert font.digest() == font.MADE_FOR
    assert font.FONT.read_bytes()[:4] == b"wOF2"
    assert font.FONT.stat().st_size < 30_000

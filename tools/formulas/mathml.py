r"""Translate the book's LaTeX to MathML, which browsers draw and screen readers read by themselves.

    formula(r"\frac{1}{n}\sum_i w_i", display=True)      # '<math display="block">...</math>'

latex2mathml translates. What it passes over in silence is refused by name here, and a letter that
the book's font lacks. Spaces then follow TeX's rules for classes of atoms (The TeXbook, chapter 18)
where MathML's own differ: unary minus, named functions, indices.
"""

import re
from html import unescape
from xml.etree.ElementTree import Element, tostring

from latex2mathml.commands import MATRICES
from latex2mathml.converter import Converter

from tools.formulas.font import CHARACTERS, italic

PARTS = dict(mfrac=2, msub=2, msup=2, msubsup=3, munder=2, mover=2, munderover=3)
TAGS = {*PARTS, "math", "mrow", "mstyle", "mtable", "mtr", "mtd", "mi", "mn", "mo", "mspace"}
TAGS |= {"mtext", "msqrt"}
TABLES = {"aligned": "split", "gathered": "matrix"}  # as latex2mathml calls what it can do
SIGNS = {"―": "‾", "^": "ˆ"}  # what the font has for them
STACKED = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}  # where there is room
BRACE = "⏟"
THIN = "0.167em"
OPEN, CLOSE, UNARY, BIG = "([{⌊⌈", ")]}⌋⌉", "+−±", "∑∏"


class FormulaError(ValueError):
    """A formula that cannot be translated."""


def formula(source, display=False):
    """Return the MathML of a LaTeX formula."""
    source = source.strip()
    try:
        math = Converter(display="block" if display else "inline").convert_to_element(
            prepared(source)
        )
        for element in math.iter():
            element.text = unescape(element.text or "")
        for element in reversed(list(math.iter())):  # what is inside comes first
            rename(element)
        set_row(math, "display" if display else "text")
        check(source, math)
    except Exception as error:  # latex2mathml's own have no class in common
        what = str(error) or type(error).__name__
        raise FormulaError(f"{what} in the formula {source!r}") from error
    math.attrib = {"display": "block"} if display else {}
    return tostring(math, encoding="unicode")


def prepared(source):
    """Write what latex2mathml does not know in words that it knows."""
    if r"\\" in source and r"\begin" not in source:  # lines without a table around them
        source = rf"\begin{{aligned}}{source}\end{{aligned}}"
    for name in re.findall(r"\\begin\{(.*?)\}", source):
        if name not in TABLES and f"\\{name}" not in MATRICES:
            raise FormulaError(rf"\begin{{{name}}} is unknown")
    source = re.sub(r"\\\\\[[\w.]+\]", r"\\\\", source)  # the style sheet sets the distance
    source = re.sub(r"\d+(\{,\}\d{3})+", lambda m: rf"\text{{{m[0].replace('{,}', ',')}}}", source)
    return re.sub(
        r"(\\(?:begin|end))\{(aligned|gathered)\}",
        lambda match: f"{match[1]}{{{TABLES[match[2]]}}}",
        source,
    )


def rename(element):
    """Give an element the name and the class by which browsers and our style sheet set it well."""
    text, children = element.text, list(element)
    if element.tag == "mtext":
        # A browser takes it for a space, and sets the sign beside it without any.
        mono = element.get("mathvariant") == "monospace"
        element.tag, element.attrib = "mi", {"mathvariant": "normal"}
        element.text = re.sub(r"(?<=\S)\xa0(?=\S)", " ", text)
        if mono:
            element.set("class", "lb-mono")
        if re.fullmatch(r"[\d,]+", text):
            element.tag, element.attrib = "mn", {}
    elif element.tag == "mo" and (text in (".", "∂") or (len(text) > 1 and text.isalpha())):
        element.tag = "mi"
    elif element.tag == "mtable":
        aligned = "displaystyle" in element.attrib
        kind = "cases" if element.find("mtr/mtd[@columnalign]") is not None else "gathered"
        element.attrib = {"class": f"lb-{'aligned' if aligned else kind}"}
        if aligned or kind == "gathered":
            element.set("displaystyle", "true")
        for cell in element.iter("mtd"):
            cell.attrib = {}
    elif element.tag == "mrow" and len(children) > 1 and all(map(is_upright, children)):
        word = Element("mi", mathvariant="normal")  # one word, not a product of letters
        word.text = "".join(child.text for child in children).replace("\xa0", " ")
        element[:] = [word]
    elif element.tag in ("mover", "munder") and len(children) == 2 and children[1].tag == "mo":
        children[1].text = SIGNS.get(children[1].text, children[1].text)
        if children[1].text == BRACE:
            # Drawn by the style sheet: Chromium clips a brace that it has to assemble.
            element.tag, element.attrib = "mrow", {"class": "lb-brace"}
            element.remove(children[1])
        elif children[1].get("accent") is None:
            element.set("accent", "true")
            children[1].attrib = {"stretchy": "false"}


def is_upright(element):
    return element.tag == "mi" and element.get("mathvariant") == "normal"


def kind_of(element):
    """Return the class of an atom, TeX's `ord`, `rel`, `open`, ...; of its base if it has any."""
    if element.tag in PARTS and element.tag != "mfrac":
        return kind_of(element[0])
    text = element.text
    if element.tag == "mi" and len(text) > 1 and text.isalpha() and not element.attrib:
        return "function"
    if element.tag == "mrow" and len(element) and element[0].get("fence"):
        return "fence"
    if element.tag == "mspace":
        return "space"
    if element.tag != "mo" or text in ("|", "/"):
        return "ord"
    kinds = {OPEN: "open", CLOSE: "close", UNARY: "unary", BIG: "big", ",": "punct"}
    return next((kind for signs, kind in kinds.items() if text in signs), "rel")


def set_row(row, style):
    """Set the spaces between the parts of a row, and inside them; `style` as TeX has it."""
    for at, child in enumerate(row):
        if child.tag == "mstyle" and not len(child):  # \textstyle in a table: for what follows it
            child[:], row[at + 1 :] = row[at + 1 :], []
    last = None
    for child in list(row):
        set_inside(child, style)
        kind = kind_of(child)
        if child.get("width") == "negativethinmathspace":  # \log\!\left(
            row.remove(child)
        if kind == "space":
            continue
        between = last in ("ord", "close")
        thin = last == "function" and kind in ("ord", "function", "big")
        if style != "script" and (thin or (kind == "function" and between)):
            row.insert(list(row).index(child), Element("mspace", width=THIN))
        set_sign(child, kind, between, style)
        last = "close" if kind == "fence" else kind


def set_sign(sign, kind, between, style):
    """Set the spaces around a sign; `between`: it has something on its left to work on."""
    if sign.tag in PARTS:
        sign = sign[0]
    if sign.tag != "mo" or sign.get("fence"):
        return
    if kind == "unary":
        sign.set("form", "infix" if between else "prefix")
    if sign.text == "|":
        sign.set("form", "prefix")
    close = kind == "ord" or (kind == "unary" and not between)
    if close or (kind in ("unary", "rel", "punct", "big") and style == "script"):
        sign.attrib |= {"lspace": "0", "rspace": "0"}
    elif kind == "big" and not between:
        sign.set("lspace", "0")


def set_inside(element, style):
    """Set what is inside an element, each part in its own style."""
    if element.tag == "mstyle" and element.get("displaystyle") == "false":
        style = "text"
    elif element.tag == "mtable":
        style = "display" if element.get("displaystyle") else "text"
    if element.tag not in PARTS:
        set_row(element, style)
        return
    if kind_of(element) == "big":
        tags = STACKED if style == "display" else {new: old for old, new in STACKED.items()}
        element.tag = tags.get(element.tag, element.tag)
    styles = [style, "script", "script"]
    if element.tag == "mfrac":
        styles = ["text" if style == "display" else "script"] * 2
    for part, inner in zip(element, styles, strict=False):
        set_inside(part, inner)


def check(source, math):
    """Refuse what latex2mathml passes over in silence."""
    plain = re.sub(r"\\.", "", source)
    if plain.count("{") != plain.count("}"):
        raise FormulaError("a brace is missing")
    for element in math.iter():
        text = element.text or ""
        if text.startswith("\\") or (text == "&" and not is_upright(element)):
            raise FormulaError(f"{text} is unknown")
        if element.tag not in TAGS:
            raise FormulaError(f"<{element.tag}> is unknown")
        if len(element) != PARTS.get(element.tag, len(element)):
            raise FormulaError(f"something is missing in <{element.tag}>")
        single = element.tag == "mi" and len(text) == 1 and not element.attrib
        letters = {italic(text)} if single else set(text)
        if letters - CHARACTERS:
            raise FormulaError(f"the font lacks {letters - CHARACTERS}; see font.py,")

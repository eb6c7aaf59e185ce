r"""Translate the book's LaTeX to MathML, which browsers draw and screen readers read by themselves.

    formula(r"\frac{1}{n}\sum_i w_i", display=True)      # '<math display="block">...</math>'

It knows the commands that the book uses and refuses any other by name, rather than drawing it
wrong: add a line to tools/sphinx_extensions/formula_signs.py. Spaces follow TeX's rules for
classes of atoms (The
TeXbook, chapter 18) where MathML's own differ: unary minus, named functions, indices.
"""

import re
from html import escape

from tools.sphinx_extensions.formula_signs import (
    ACCENTS,
    BIG,
    BINARY,
    CLOSE,
    FUNCTIONS,
    LETTERS,
    OPEN,
    RELATIONS,
    SIZES,
    SPACES,
    THIN,
    UPRIGHT,
)

TEXTS = ("text", "mathrm", "texttt", "operatorname")
TABLES = {"aligned": "aligned", "align*": "aligned", "split": "aligned"}
TABLES |= {"gathered": "gathered", "gather*": "gathered", "cases": "cases"}
TOKEN = re.compile(r"\\([A-Za-z]+)\s*|\\(.)|(\d+(?:\{,\}\d{3})*(?:\.\d+)?)|(\s+)|(.)", re.DOTALL)


class FormulaError(ValueError):
    """A formula that this module cannot translate."""


class Atom:
    """One piece of a row: its MathML and its class, TeX's `ord`, `bin`, `rel`, `open`, ..."""

    def __init__(self, xml, kind="ord", big=False, braced=False):
        self.xml, self.kind = xml, kind
        self.big = big  # indices stand above and below where there is room
        self.braced = braced  # they always do


def tokens(source):
    """Split LaTeX into (kind, text): command, sign (a backslash and one sign), number, plain."""
    for match in TOKEN.finditer(source):
        command, sign, number, blank, plain = match.groups()
        if command:
            yield "command", command
        elif sign is not None:
            yield "sign", sign
        elif number:
            yield "number", number.replace("{,}", ",")
        elif not blank:
            yield "plain", plain


def space(width):
    return Atom(f'<mspace width="{round(width, 3):g}em"/>', "space")


def group(xml):
    """One element out of several."""
    whole = re.fullmatch(r"<(m[a-z]+)( [^>]*)?>(?:(?!<\1[ >]).)*?</\1>", xml, re.DOTALL)
    return xml if whole else f"<mrow>{xml}</mrow>"


def operator(sign, kind, script=False, **attributes):
    if script and kind in ("bin", "rel"):
        attributes = {"lspace": "0", "rspace": "0"} | attributes
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return Atom(f"<mo{given}>{sign}</mo>", kind)


class Formula:
    """A reader of tokens; `style` is display, text or script."""

    def __init__(self, source):
        self.source = source
        # A text's own spaces and braces count, hence texts are cut out before the rest is split.
        self.texts = []
        pattern = rf"\\({'|'.join(TEXTS)})\s*\{{((?:[^{{}}\\]|\\.)*)\}}"
        cut = re.sub(pattern, self.keep, source)
        self.tokens = list(tokens(cut))
        self.at = 0

    def keep(self, match):
        self.texts.append(match.groups())
        return rf"\kept{{{len(self.texts) - 1}}}"

    def refuse(self, what):
        raise FormulaError(
            f"{what} in the formula {self.source!r}; see tools/sphinx_extensions/formulas.py"
        )

    def peek(self, *expected):
        return self.at < len(self.tokens) and self.tokens[self.at] in expected

    def take(self):
        if self.at == len(self.tokens):
            self.refuse("something is missing at the end")
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, *token):
        if self.take() != token:
            self.refuse(f"{token[1]} is missing")

    def name(self):
        """The text of {...}, for \\begin and the like."""
        self.expect("plain", "{")
        text = ""
        while not self.peek(("plain", "}")):
            text += self.take()[1]
        self.take()
        return text

    def argument(self, style):
        """What stands in braces, or one token."""
        if self.peek(("plain", "{")):
            self.take()
            xml = self.row(style, ("plain", "}"))
            self.take()
            return group(xml)
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else self.take()
        if kind == "number" and len(text) > 1:  # \frac12
            self.tokens[self.at] = ("number", text[1:])
            return f"<mn>{text[0]}</mn>"
        return self.atom(style).xml

    def row(self, style, *ends, before=None):
        """Atoms up to one of the tokens `ends`, or to the end, with TeX's spaces."""
        out, last = [], before
        while self.at < len(self.tokens) and not self.peek(*ends):
            if self.peek(("command", "textstyle")):
                self.take()
                out.append(f'<mstyle displaystyle="false">{self.row("text", *ends)}</mstyle>')
                break
            atom = self.scripts(style, last)
            if atom.kind == "space":
                if not (last == "function" and 'width="-' in atom.xml):  # \log\!\left(
                    out.append(atom.xml)
                continue
            thin = last == "function" and atom.kind in ("ord", "function", "big")
            thin = thin or (atom.kind == "function" and last in ("ord", "close"))
            if thin and style != "script":
                out.append(space(THIN).xml)
            out.append(atom.xml)
            last = atom.kind
        if ends and self.at == len(self.tokens):
            self.refuse(f"{ends[0][1]} is missing")
        return "".join(out)

    def scripts(self, style, last):
        """An atom with what is above and below it."""
        atom = self.atom(style, last)
        below = above = None
        while self.peek(("plain", "_"), ("plain", "^"), ("plain", "'")):
            sign = self.take()[1]
            if sign == "'":
                above = '<mo lspace="0" rspace="0">′</mo>'
            elif sign == "_":
                below = self.argument("script")
            else:
                above = self.argument("script")
        if below is None and above is None:
            return atom
        stacked = atom.braced or (atom.big and style == "display")
        tag = ("munder", "mover") if stacked else ("msub", "msup")
        tag = tag[0] + (tag[1][1:] if above else "") if below else tag[1]
        return Atom(f"<{tag}>{atom.xml}{below or ''}{above or ''}</{tag}>", atom.kind)

    def atom(self, style, last="ord"):
        kind, text = self.take()
        script = style == "script"
        if kind == "number":
            return Atom(f"<mn>{text}</mn>")
        if kind == "plain" and text == "{":
            xml = self.row(style, ("plain", "}"))
            self.take()
            return Atom(group(xml))
        if kind == "plain" and (text.isalpha() or text in "./"):
            slash = '<mo lspace="0" rspace="0" stretchy="false">/</mo>'
            return Atom({"/": slash, ".": "<mn>.</mn>"}.get(text, f"<mi>{text}</mi>"))
        if kind == "plain" and text == "|":
            return Atom('<mo stretchy="false" form="prefix" lspace="0" rspace="0">|</mo>')
        if kind == "plain" and text == "~":
            return space(0.3)
        if kind == "plain" and text == ",":
            return operator(",", "punct", lspace="0", rspace="0" if script else f"{THIN:.3g}em")
        if (kind == "sign" or kind == "command") and text in SPACES:
            return space(SPACES[text])
        if kind == "sign" and text in "#_%&$":
            return Atom(f'<mi mathvariant="normal">{escape(text)}</mi>')
        if text in (OPEN | CLOSE) and (kind != "plain" or text not in "{}"):
            form = ("prefix", "open") if text in OPEN else ("postfix", "close")
            sign = (OPEN | CLOSE)[text]
            return operator(sign, form[1], stretchy="false", form=form[0])
        if kind != "sign" and text in BINARY:
            if last in ("ord", "close"):
                return operator(BINARY[text], "bin", script, form="infix")
            return operator(BINARY[text], "unary", form="prefix", lspace="0", rspace="0")
        if kind != "sign" and text in RELATIONS:
            return operator(RELATIONS[text], "rel", script, form="infix")
        if kind == "command":
            return self.command(text, style, last)
        return self.refuse(("\\" if kind == "sign" else "") + text + " is unknown")

    def command(self, name, style, last):
        if name == "kept":
            return self.text(*self.texts[int(self.name())])
        if name in LETTERS:
            return Atom(f"<mi>{LETTERS[name]}</mi>")
        if name in UPRIGHT:
            return Atom(f'<mi mathvariant="normal">{UPRIGHT[name]}</mi>')
        if name in BIG:
            left = f"{THIN:.3g}em" if last in ("ord", "close", "big") and style != "script" else "0"
            right = "0" if style == "script" else f"{THIN:.3g}em"
            sign = operator(BIG[name], "big", lspace=left, rspace=right)
            sign.big = True
            return sign
        if name in FUNCTIONS:
            return Atom(f"<mi>{name}</mi>", "function")
        if name == "frac":
            inner = {"display": "text"}.get(style, "script")
            return Atom(f"<mfrac>{self.argument(inner)}{self.argument(inner)}</mfrac>")
        if name == "tfrac":
            small = f"<mfrac>{self.argument('script')}{self.argument('script')}</mfrac>"
            return Atom(f'<mstyle displaystyle="false">{small}</mstyle>')
        if name in ACCENTS:
            mark = f'<mo stretchy="false">{ACCENTS[name]}</mo>'
            return Atom(f'<mover accent="true">{self.argument(style)}{mark}</mover>')
        if name == "overline":
            return Atom(f"<mover>{self.argument(style)}<mo>‾</mo></mover>")
        if name == "underbrace":
            # Drawn by the style sheet: Chromium clips a brace that it has to assemble.
            return Atom(f'<mrow class="lb-brace">{self.argument(style)}</mrow>', "ord", braced=True)
        if name == "sqrt":
            return Atom(f"<msqrt>{self.argument(style)}</msqrt>")
        if name == "left":
            opening = self.atom(style).xml
            inside = self.row(style, ("command", "right"))
            self.take()
            both = (opening + inside + self.atom(style).xml).replace(' stretchy="false"', "")
            return Atom(f"<mrow>{both}</mrow>", "close" if last != "function" else "inner")
        if name[:-1] in SIZES and name[-1] in "lr":
            size = SIZES[name[:-1]]
            fence = self.atom(style)
            sized = f' minsize="{size}em" maxsize="{size}em"'
            return Atom(fence.xml.replace(' stretchy="false"', sized), fence.kind)
        if name == "begin":
            return self.table(self.name())
        return self.refuse(f"\\{name} is unknown")

    def text(self, command, words):
        words = escape(re.sub(r"\\(.)", r"\1", words), quote=False)
        if command == "operatorname":
            return Atom(f"<mi>{words}</mi>", "function")
        if command == "mathrm":
            return Atom(f'<mi mathvariant="normal">{words}</mi>')
        words = re.sub(r"^ | $", "\xa0", words)
        # No <mtext>: a browser takes it for a space, and sets the sign beside it without any.
        mono = ' class="lb-mono"' if command == "texttt" else ""
        return Atom(f'<mi mathvariant="normal"{mono}>{words}</mi>')

    def table(self, environment):
        if environment not in TABLES:
            self.refuse(f"\\begin{{{environment}}} is unknown")
        kind = TABLES[environment]
        rows = self.rows("text" if kind == "cases" else "display", ("command", "end"))
        self.take()
        self.name()
        display = "" if kind == "cases" else ' displaystyle="true"'
        xml = f'<mtable class="lb-{kind}"{display}>{rows}</mtable>'
        return Atom(f'<mrow><mo form="prefix">{{</mo>{xml}</mrow>' if kind == "cases" else xml)

    def rows(self, style, end):
        """The cells up to `end`. A sign after an & stands between two things: it is no prefix."""
        rows, cells = [], []
        while True:
            before = "ord" if cells else None
            cells.append(self.row(style, ("plain", "&"), ("sign", "\\"), end, before=before))
            token = self.tokens[self.at] if self.at < len(self.tokens) else None
            if token == ("plain", "&"):
                self.take()
                continue
            rows.append("".join(f"<mtd>{cell}</mtd>" for cell in cells))
            cells = []
            if token != ("sign", "\\"):
                return "".join(f"<mtr>{row}</mtr>" for row in rows)
            self.take()
            if self.peek(("plain", "[")):  # \\[2pt]: the style sheet sets the distance
                while self.take() != ("plain", "]"):
                    pass


def formula(source, display=False):
    """Return the MathML of a LaTeX formula."""
    reader = Formula(source.strip())
    depth = 0
    for token in reader.tokens:
        depth += (token == ("command", "begin")) - (token == ("command", "end"))
        if token == ("sign", "\\") and depth == 0:  # lines without a table around them
            reader = Formula(rf"\begin{{aligned}}{source.strip()}\end{{aligned}}")
            break
    style = "display" if display else "text"
    xml = reader.row(style)
    if reader.at < len(reader.tokens):
        reader.refuse(f"{reader.tokens[reader.at][1]} is unexpected")
    block = ' display="block"' if display else ""
    return f"<math{block}>{xml}</math>"

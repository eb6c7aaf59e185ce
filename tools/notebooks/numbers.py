r"""Which numbers a text names, and whether an output shows them.

Counted are decimals with a point (0.0134, .5), powers of ten below 1 (1e-7, $10^{-7}$, 2.4·10⁻⁸)
and numbers from 1000 on (1024, 327,680, $327{,}680$, 1e6). Not counted are addresses, dates, years
in brackets, numbers glued to a letter or # (float32, #20410), releases (Keras 3.8 and 3.9) and
smaller integers.

A text may name a shown number exactly, or round it correctly to at least two significant digits
(16.12 for 16.118, never 0.5 for 0.4621). A percentage may stand for a hundredth of itself (99.9 %
for 0.999). Signs are not compared, for a dash is not always a minus.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from tools.notebooks.files import code_cells, visible_text

SOFTWARE = (
    r"Keras|TensorFlow|TF|tf\.keras|tf_keras|Python|PyTorch|JAX|NumPy|Matplotlib|optax|"
    r"scikit-learn|Transformers|Colab|lossbook|CUDA|version"
)
NOISE = re.compile(
    rf"""
      https?://\S+
    | (?<!\w) \d{{4}}-\d\d-\d\d (?!\d)            # a date
    | \( (?:19|20)\d\d \)                         # a year in brackets
    | (?<![\w.]) v?\d+ (?:\.\d+){{2,}} \w*        # a release: 3.15.1
    | (?<!\w) (?:{SOFTWARE}) [ ] (?:(?:from|to|before|since)[ ])? v?\d+ (?:\.\d+)+  # Keras 3.8
      (?: (?:,|[ ]and|[ ]or|[ ]to|[ ]up[ ]to) [ ] [1-9]\.\d\d? (?!\d|\.\d|[ ]?%) )*  # ... and 3.9
    """,
    re.VERBOSE,
)
POWER = r"10 \^ \{? \s* [+-]?\d+ \s* \}?"
NUMBER = re.compile(
    rf"""
    (?<![\w.\#])
    (?: (?P<power> {POWER} )
      | (?P<mantissa>
            (?<!\d,) \d{{1,3}} (?:,\d{{3}})+ (?!,?\d) (?: \.\d+ )?   # 327,680
          | \d+ (?:_\d{{3}})+                                        # 327_680
          | \d+ \. \d* | \. \d+ | \d+
        )
        (?P<exponent> [eE][+-]?\d+ | \s* × \s* {POWER} )?
    )
    """,
    re.VERBOSE,
)


class Number(NamedTuple):
    """A number as it is written, its value, and the value of one unit of its last digit."""

    text: str
    value: Decimal
    unit: Decimal
    percent: bool = False

    @property
    def counts(self):
        """Whether a text that names this number owes an output that shows it."""
        return self.unit < 1 or self.value >= 1000


def numbers(text):
    """Return all numbers in a text of the notebook: Markdown, math, code or output."""
    text = _plain(text)
    return [_number(match, text[match.end() :]) for match in NUMBER.finditer(text)]


def numbers_of(nb):
    """Return the numbers that the outputs of a notebook show."""
    outputs = [output for cell in code_cells(nb) for output in cell.outputs]
    return [number for output in outputs for number in numbers(visible_text(output))]


def shows(shown, number):
    """Say whether one of the shown numbers is that number, or is correctly rounded to it."""
    scales = (1, Decimal("0.01")) if number.percent else (1,)
    return any(_rounds(s, number, scale) for s in shown for scale in scales)


def _rounds(shown, number, scale):
    digits = len((number.value / number.unit).to_integral_value().as_tuple().digits)
    allowed = number.unit / 2 if digits >= 2 else 0
    return abs(shown.value - number.value * scale) <= allowed * scale


def _plain(text):
    """Write LaTeX's and Unicode's ways to set a number as plain digits; drop what is no number."""
    text = text.replace("{,}", ",").replace("\N{MINUS SIGN}", "-")
    text = re.sub(r"(?<=\d)(?:\\[,;:! ]|[\u2009\u202f\xa0])(?=\d{3}(?!\d))", ",", text)
    powers = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
    text = re.sub("10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: f"10^{m[1].translate(powers)}", text)
    text = re.sub(r"\\(?:times|cdot)(?![a-zA-Z])|·", "×", text)
    text = re.sub(r"\\[a-zA-Z]+", " ", text)
    return NOISE.sub(" ", text)


def _number(match, rest):
    written = match[0].strip()
    if match["power"]:
        mantissa, exponent = "1", match["power"]
    else:
        mantissa, exponent = re.sub("[,_]", "", match["mantissa"]), match["exponent"] or ""
        written = written.removesuffix(".")  # the end of a sentence
    power = re.search(r"(?:\^|[eE])\D*?([+-]?\d+)", exponent)
    value = Decimal(mantissa).scaleb(int(power[1]) if power else 0)
    unit = Decimal(1).scaleb(value.as_tuple().exponent)
    return Number(written, value, unit, percent=bool(re.match(r"\s*\\?%", rest)))

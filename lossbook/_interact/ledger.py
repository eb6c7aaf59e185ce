"""What `trace.interact()` returns: a ledger as a table of text, or as HTML with its script."""

import math
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

import numpy as np

from lossbook._core import four_digits, html_table, simple_fraction, site_page, text_table
from lossbook._interact.bar import svg
from lossbook._interact.state import State

# Of the folder `script`, in this order.
SCRIPT = ("rules.js", "state.js", "look.js", "budget.js", "printed.js", "ledger.js")


@dataclass(frozen=True, repr=False)
class Ledger:
    """A state with a title; in a notebook it can be changed, elsewhere it is a table."""

    state: State
    title: str

    def __repr__(self) -> str:
        return "\n".join([self.title, "", *text_table(self._rows()), "", self._total()])

    def _repr_html_(self) -> str:
        return f'{self.static_html()}<script class="lossbook-ledger">{script()}</script>'

    def static_html(self) -> str:
        """Return the table in its element, without the script that takes it over."""
        heads, *rows = self._rows()
        cells = [[escape(cell) for cell in row] for row in rows]
        page = site_page("ledger.html")  # where any state can be seen: a link leads there
        page = f' data-page="{page}"' if page else ""
        return (
            f'<lossbook-ledger data-state="{escape(self.state.text())}"{page}>'
            '<div class="lossbook" style="overflow-x:auto">'
            f"{html_table(heads, cells, self.title)}"
            f"<p><strong>{escape(self._total())}</strong></p></div>{svg(self.state)}"
            "</lossbook-ledger>"
        )

    def _rows(self):
        """Return the table as lists of texts, the heads first."""
        state, aggregate = self.state, self.state.aggregate()
        values = state.values
        shape, losses = values.shape, state.losses.reshape(*values.shape, -1)
        classes = losses.shape[-1]
        divisor = classes if state.class_axis == "mean" else 1
        coefficients = np.asarray(aggregate.coefficients) / divisor
        mask = np.ones(shape, bool) if state.mask is None else state.mask
        head = [*("sample", "position")[: len(shape)], "mask"]
        head += [f"class {c}" for c in range(classes)] + ["value"] if classes > 1 else ["loss"]
        weight = None
        if state.weight is not None:
            head.append("weight")
            weight = state.weight.reshape(state.weight.shape + (1,) * (len(shape) - 1))
            weight = np.broadcast_to(weight if state.weight.ndim == 1 else state.weight, shape)
        rows = [[*head, "coefficient", "contribution"]]
        for place in np.ndindex(shape):
            row = [*map(str, place), str(bool(mask[place])), *map(brief, losses[place])]
            row += [brief(values[place])] if classes > 1 else []
            row += [] if weight is None else [brief(weight[place])]
            with np.errstate(invalid="ignore"):  # 0 times infinity
                contribution = (coefficients[place] * losses[place]).sum()
            rows.append([*row, fraction(coefficients[place]), brief(contribution)])
        return rows

    def _total(self):
        aggregate = self.state.aggregate()
        if np.shape(aggregate.total):
            return f"total = array of shape {np.shape(aggregate.total)}: nothing is added up"
        total, denominator = float(aggregate.total), float(aggregate.denominator)
        top = total * denominator if denominator else 0
        return f"total = {brief(top)} / {brief(denominator)} = {scalar(total)}"


@cache
def script() -> str:
    """Return what brings a ledger to life: the files of `script`, in a scope of their own."""
    folder = files("lossbook._interact").joinpath("script")
    parts = [folder.joinpath(name).read_text(encoding="utf-8") for name in SCRIPT]
    return "\n".join(["(() => {", '"use strict";', *parts, "})();", ""])


def brief(x: float) -> str:
    """Write a number with 4 significant digits, a whole one as it is."""
    x = float(x)
    if not math.isfinite(x):
        return {math.inf: "∞", -math.inf: "−∞"}.get(x, "NaN")
    if abs(x) < 1e6 and abs(x - round(x)) <= 1e-9 * abs(x):
        return str(round(x)).replace("-", "−")
    if 1e-4 <= abs(x) < 9999.5:
        return four_digits(x).replace("-", "−")
    mantissa, exponent = f"{x:.3e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


def scalar(x: float) -> str:
    """Write a total with 4 significant digits, whole or not."""
    return f"{x:#.4g}".replace("-", "−") if x in range(-999, 1000) else brief(x)


def fraction(x: float) -> str:
    """Write 1/6 where a coefficient is that simple."""
    ratio = simple_fraction(x, 1e-9) if math.isfinite(x) else None
    if ratio and "/" in ratio:
        return ratio.replace("-", "−")
    return brief(x)

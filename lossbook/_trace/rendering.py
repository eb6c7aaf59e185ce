"""How a Trace looks: a table of text for the terminal, static HTML for the notebook."""

from html import escape

import numpy as np

from lossbook._core import html_table, shape_of, size, text_table, to_numpy

_SHOWN = 12  # arrays of up to so many entries are written out


def trace_text(trace):
    """Return the trace as an aligned table, one line per stage."""
    rows = [("stage", "shape", "operation", "divided by")]
    rows += [(s.name, str(s.shape), s.operation, _number(s.denominator)) for s in trace.stages]
    head = f"{trace.loss}, reduction {trace.reduction}, rule {trace.rule}, {trace.dtype}"
    return "\n".join([head, "", *text_table(rows), "", *_last_lines(trace)])


def trace_html(trace):
    """Return the trace as a static HTML table: no scripts, colours of the page around it."""
    heads = ("Stage", "Shape", "Operation", "Divided by", "Value")
    rows = [
        (
            f"<code>{escape(s.name)}</code>",
            escape(str(s.shape)),
            f"{escape(s.operation)}<br><small>{escape(s.formula)}</small>",
            escape(_number(s.denominator)) or "&ndash;",
            escape(_preview(s.value)),
        )
        for s in trace.stages
    ]
    caption = f"{trace.loss}, reduction {trace.reduction}, rule {trace.rule}, {trace.dtype}"
    total = "<br>".join(escape(line) for line in _last_lines(trace))
    return (
        '<div class="lossbook" style="overflow-x:auto">'
        f"{html_table(heads, rows, caption)}"
        f"<p><strong>{total}</strong></p></div>"
    )


def _last_lines(trace):
    """Say the total, and which coefficients make it."""
    coefficients = to_numpy(trace.coefficients).astype(np.float64)
    found, times = np.unique(coefficients, return_counts=True)
    count = size(shape_of(trace.coefficients))
    if len(found) == 1:
        each = f"the same for all {count:,} elements: {_fraction(found[0])}"
    elif len(found) <= 3:
        each = ", ".join(f"{_fraction(c)} ({n:,}×)" for c, n in zip(found, times, strict=True))
    else:
        each = f"{len(found):,} different ones, from {found[0]:.4g} to {found[-1]:.4g}"
    if shape_of(trace.total):
        total = f"total = array of shape {shape_of(trace.total)}: nothing is added up"
    else:
        total = f"total = sum of coefficient · elementwise = {float(trace.total):#.4g}"
    return [total, f"coefficients: {each}"]


def _fraction(x):
    """Write 0.25 as 1/4 where the number is the inverse of a whole one."""
    if 1e-12 < abs(x) <= 0.5 and abs(1 / x - round(1 / x)) < 1e-6 * abs(1 / x):
        return f"{'-' if x < 0 else ''}1/{abs(round(1 / x)):,}"
    return f"{x:.4g}"


def _number(x):
    if x is None:
        return ""
    return f"{int(x):,}" if float(x).is_integer() else f"{x:,.6g}"


def _preview(value):
    values = to_numpy(value).astype(np.float64)
    if values.size <= _SHOWN:
        return np.array2string(values, precision=4, separator=", ").replace("\n", "")
    return f"{values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g}"

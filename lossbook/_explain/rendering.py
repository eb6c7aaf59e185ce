"""How an Explanation looks: a table of text for the terminal, static HTML for the notebook."""

from collections import Counter
from html import escape
from math import isnan
from textwrap import wrap

from lossbook._core import counted, four_digits, html_table, text_table
from lossbook._explain.blocks import ADDITIONAL, UNMARKED

_CLASSES, _WORST, _WIDTH = 6, 3, 88  # so many are shown of an output, of the samples; a page


def explanation_text(explanation):
    """Return the parts as an aligned table, the largest first."""
    return _text(_head(explanation), _rows(explanation), _last(explanation))


def decomposition_text(decomposition):
    """Return the same of a scalar that was taken apart without a model."""
    return _text(*_of_scalar(decomposition))


def _text(head, parts, last):
    rows = [("part", "contribution", "share")]
    rows += [("  " * deep + name, *numbers) for deep, name, *numbers in parts]
    table = text_table(rows, right=(1, 2))
    return "\n".join([*_wrapped(head), "", *table, *_wrapped(last)])


def _wrapped(lines):
    """Break lines at the width of a page; an empty one stays."""
    return [part for line in lines for part in wrap(line, _WIDTH) or [""]]


def explanation_html(explanation):
    """Return the same as static HTML: no scripts, colours of the page around it."""
    return _html(_head(explanation), _rows(explanation), _last(explanation))


def decomposition_html(decomposition):
    """Return the same of a scalar that was taken apart without a model."""
    return _html(*_of_scalar(decomposition))


def _html(head, parts, last):
    rows = [
        (f"{'&emsp;' * deep}{escape(name)}", value, share) for deep, name, value, share in parts
    ]
    table = html_table(("Part", "Contribution", "Share"), rows, right=(1, 2))
    head = "".join(f"<p>{escape(line)}</p>" for line in head)
    last = "".join(f"<p>{escape(line)}</p>" for line in last if line)
    return f'<div class="lossbook" style="overflow-x:auto">{head}{table}{last}</div>'


def _of_scalar(decomposition):
    """Return the head of a scalar that was taken apart, its rows, and what comes below."""
    total = decomposition.total
    head = (
        f"scalar {four_digits(decomposition.reported)} = sum of the parts {four_digits(total)} "
        f"(difference {_difference(decomposition)})"
    )
    rows = []
    by_class = decomposition.by("source", "class"), decomposition.by("source", "true_class")
    parts = decomposition.by("source")
    for source, value in sorted(parts.items(), key=lambda item: -abs(item[1])):
        rows.append((0, source, four_digits(value), share(value, total)))
        for kind, found in zip(("class", "true class"), by_class, strict=True):
            of_source = {key[1:]: part for key, part in found.items() if key[0] == source}
            if len(of_source) > 1:
                rows += _classes(kind, of_source, total)
                break
    notes = [line for note in decomposition.notes for line in ("", note)]
    return [head], rows, [*_last(decomposition), *notes]


def _difference(explanation):
    """Write the residual with the decimals of the total: the digits below differ by machine."""
    decimals = len(four_digits(explanation.total).partition("e")[0].partition(".")[2])
    residual = abs(explanation.residual)
    return f"{residual:.{decimals}f}" if residual < 1 else four_digits(residual)


def share(part, total):
    """Write a part in percent of the total, where that means something."""
    return f"{100 * part / total:.1f} %" if total and abs(part / total) < 1e4 else ""


def _head(explanation):
    samples, batches = sum(explanation.batch_sizes), len(explanation.batch_sizes)
    yield from explanation.notes
    apart = abs(explanation.residual) > explanation.rounding
    equal = "≠" if apart or isnan(explanation.reported) != isnan(explanation.total) else "="
    yield (
        f"reported {four_digits(explanation.reported)} {equal} sum of the parts "
        f"{four_digits(explanation.total)} (difference {_difference(explanation)})"
    )
    yield f"{counted(samples, 'sample')} in {counted(batches, 'batch')}"


def _rows(explanation):
    """Yield (depth, name, contribution, share) of outputs, their classes, additional losses."""
    total = explanation.total
    parts = explanation.by("output", "source")
    losses = Counter(name for name, *_ in explanation.outputs)
    for name, loss, weight in explanation.outputs:
        value = parts.get((name, loss), 0.0)
        if losses[name] > 1 and abs(value) <= explanation.rounding:
            continue  # a loss of the user's own that other losses make up
        factor = "" if weight in (None, 1) else f" × {weight:.4g}"
        called = name if name == loss else f"{name}: {loss}"
        yield 0, f"{called}{factor}", four_digits(value), share(value, total)
        for kind in ("class", "true_class"):
            found = {
                key[2:]: part
                for key, part in explanation.by("output", "source", kind).items()
                if key[:2] == (name, loss)
            }
            if len(found) > 1:
                yield from _classes(kind.replace("_", " "), found, total)
                break
    additional = [(k[1], value) for k, value in parts.items() if k[0] in (ADDITIONAL, UNMARKED)]
    for source, value in sorted(additional, key=lambda item: -abs(item[1])):
        yield 0, source, four_digits(value), share(value, total)


def _classes(kind, found, total):
    """Yield the classes of an output with the largest contributions, and the rest in one."""
    ordered = sorted(found.items(), key=lambda item: -abs(item[1]))
    for (label,), value in ordered[:_CLASSES]:
        name = f"{kind} {label}"
        yield 1, name, four_digits(value), share(value, total)
    rest = ordered[_CLASSES:]
    if rest:
        value = sum(part for _, part in rest)
        yield 1, f"{len(rest)} others", four_digits(value), share(value, total)


def _last(explanation):
    worst = explanation.worst(_WORST)
    if any(value for _, value in worst):
        named = ", ".join(f"{sample} ({four_digits(value)})" for sample, value in worst)
        yield ""
        yield f"samples that add most: {named}"

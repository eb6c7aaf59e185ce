"""How an Explanation looks: a table of text for the terminal, static HTML for the notebook."""

from html import escape

from lossbook._core import four_digits, html_table, text_table
from lossbook._explain.blocks import ADDITIONAL

_CLASSES, _WORST = 6, 3  # so many are shown of an output, of the samples


def explanation_text(explanation):
    """Return the parts as an aligned table, the largest first."""
    rows = [("part", "contribution", "share")]
    rows += [("  " * deep + name, *numbers) for deep, name, *numbers in _rows(explanation)]
    return "\n".join(
        [*_head(explanation), "", *text_table(rows, right=(1, 2)), *_last(explanation)]
    )


def explanation_html(explanation):
    """Return the same as static HTML: no scripts, colours of the page around it."""
    rows = [
        (f"{'&emsp;' * deep}{escape(name)}", value, share)
        for deep, name, value, share in _rows(explanation)
    ]
    table = html_table(("Part", "Contribution", "Share"), rows, right=(1, 2))
    head = "".join(f"<p>{escape(line)}</p>" for line in _head(explanation))
    last = "".join(f"<p>{escape(line)}</p>" for line in _last(explanation) if line)
    return f'<div class="lossbook" style="overflow-x:auto">{head}{table}{last}</div>'


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
    yield (
        f"reported {four_digits(explanation.reported)} = sum of the parts "
        f"{four_digits(explanation.total)} (difference {_difference(explanation)})"
    )
    yield f"{_count(samples, 'sample')} in {_count(batches, 'batch', 'es')}"


def _rows(explanation):
    """Yield (depth, name, contribution, share) of outputs, their classes, additional losses."""
    total = explanation.total
    parts = explanation.by("output", "source")
    for name, loss, weight in explanation.outputs:
        value = parts.get((name, loss), 0.0)
        factor = "" if weight in (None, 1) else f" × {weight:.4g}"
        yield 0, f"{name}: {loss}{factor}", four_digits(value), share(value, total)
        for kind in ("class", "true_class"):
            found = {
                key[1:]: part
                for key, part in explanation.by("output", kind).items()
                if key[0] == name
            }
            if len(found) > 1:
                yield from _classes(kind.replace("_", " "), found, total)
                break
    additional = [(k[1], value) for k, value in parts.items() if k[0] == ADDITIONAL]
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
    if worst:
        named = ", ".join(f"{sample} ({four_digits(value)})" for sample, value in worst)
        yield ""
        yield f"samples that add most: {named}"


def _count(n, word, plural="s"):
    return f"{n:,} {word}{'' if n == 1 else plural}"

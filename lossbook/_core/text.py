"""Tables, digits and fractions as all rooms write them."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from html import escape

Row = Sequence[str]
_CELL = "padding:.25em .8em;border-bottom:1px solid #8888"


def text_table(rows: Iterable[Row], right: Sequence[int] = ()) -> list[str]:
    """Return rows as aligned lines, the first with a rule below; columns in `right` end there."""
    head, *others = rows
    widths = [max(len(row[i]) for row in (head, *others)) for i in range(len(head))]
    return [
        "  ".join(
            cell.rjust(widths[i]) if i in right else cell.ljust(widths[i])
            for i, cell in enumerate(row)
        ).rstrip()
        for row in (head, ["-" * width for width in widths], *others)
    ]


def html_table(
    heads: Row, rows: Iterable[Row], caption: str = "", right: Sequence[int] = ()
) -> str:
    """Return a static HTML table in the colours of the page; the cells of `rows` are HTML."""

    def style(column: int) -> str:
        return f'style="text-align:{"right" if column in right else "left"};{_CELL}"'

    top = "".join(f'<th scope="col" {style(i)}>{escape(head)}</th>' for i, head in enumerate(heads))
    lines = "".join(
        f'<tr><th scope="row" {style(0)}>{row[0]}</th>'
        + "".join(f"<td {style(i)}>{cell}</td>" for i, cell in enumerate(row[1:], start=1))
        + "</tr>"
        for row in rows
    )
    if caption:
        caption = f'<caption style="text-align:left;color:inherit">{escape(caption)}</caption>'
    return (
        '<table style="border-collapse:collapse;background:transparent;color:inherit">'
        f"{caption}<thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"
    )


def counted(n: int, word: str) -> str:
    """Return "1 row", "1,200 rows", "2 batches"."""
    return f"{n:,} {word}{'' if n == 1 else 'es' if word.endswith('h') else 's'}"


def four_digits(x: float) -> str:
    """Write a number with 4 significant digits."""
    return f"{x:#.4g}".rstrip(".")


def simple_fraction(x: float, tolerance: float) -> str | None:
    """Write a finite number such as 5/12, or a whole one below 10; None where it is none."""
    ratio = Fraction(float(x)).limit_denominator(999)
    simple = abs(ratio.numerator) < 10 and abs(x - ratio) <= tolerance * abs(x)
    return str(ratio) if simple else None

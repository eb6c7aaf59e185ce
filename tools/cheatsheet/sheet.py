"""The cheat sheet as one page: a PDF and a picture, drawn with Matplotlib."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import lossbook as lb
from lossbook._core import simple_fraction
from lossbook.plots._canvas import BLUE, INK, LINE, MUTED, PAPER
from tools.cheatsheet import content

NAME = "cheatsheet"
WIDTH, HEIGHT, MARGIN = 595, 842, 34  # A4, in points
DPI = 150
ROW, TALL, GAP = 13.2, 20.5, 15  # a row of words, one with a fraction, between tables
STYLE = {
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "pdf.fonttype": 42,  # letters, not drawings of letters: a text that can be selected
    "text.usetex": False,
}
# Where the columns begin, by their number; numbers stand right of their place.
COLUMNS = {2: (0, 210), 3: (0, 118, 330), 5: (0, 165, 420, 468, 516)}
COLUMNS_OF_RULES = (0, 158, 420, 468, 516)
FOOT = "{}  ·  CC BY 4.0  ·  the numbers are computed by the package lossbook"
TITLE = "The Loss Book: cheat sheet"
FORMULA = r"loss $=\;\sum\;$coefficient $\cdot\;\ell\;+\;\sum\;$additional losses"


def write(ax, x, y, text, size=7.6, **how):
    ax.text(x, y, text, **{"fontsize": size, "va": "center_baseline", "color": INK, **how})


def draw_budget(ax, y):
    """Draw the coefficients of the example as lengths: three bars side by side, a mark at 1."""
    losses, ones = [1.0, 2.0, 6.0, 7.0], [1, 1, 0, 0]
    cases = {
        "as they are": lb.aggregate(losses),
        "weights 1, 1, 0, 0: a hole stays": lb.aggregate(losses, ones),
        "a mask: the others grow": lb.aggregate(losses, mask=ones),
    }
    wide, gap, height = 162, (WIDTH - 2 * MARGIN - 3 * 162) / 2, 11
    for i, (name, case) in enumerate(cases.items()):
        x = start = MARGIN + i * (wide + gap)
        write(ax, x, y, name, 7, weight="bold")
        total = sum(case.coefficients)
        edge = {"edgecolor": LINE, "linewidth": 0.5}
        if total < 1:
            box = (start, y + 7), wide, height
            ax.add_patch(Rectangle(*box, facecolor="white", hatch="//////", **edge))
        for coefficient in case.coefficients:
            box = (x, y + 7), wide * coefficient, height
            ax.add_patch(Rectangle(*box, facecolor=BLUE, **edge))
            if coefficient:
                ratio = simple_fraction(float(coefficient), 1e-6)
                how = {"ha": "center", "color": "white"}
                write(ax, x + wide * coefficient / 2, y + 7 + height / 2, ratio, 7, **how)
            x += wide * coefficient
        ax.plot([start + wide] * 2, [y + 4, y + 10 + height], color=INK, linewidth=1.5)
        write(ax, start + wide, y, f"sum {total:.3g}", 7, color=MUTED, ha="right")


def draw_table(ax, table, y):
    """Draw a table from y on; return where it ends."""
    last = WIDTH - MARGIN
    write(ax, MARGIN, y, table.title, 10, weight="bold", color=BLUE)
    columns = COLUMNS[len(table.head)]
    columns = COLUMNS_OF_RULES if "$" in table.rows[0][0][1] else columns
    y += 14
    for start, text in zip(columns, table.head, strict=True):
        right = start >= 420
        write(ax, MARGIN + start, y, text, 7, color=MUTED, ha="right" if right else "left")
    write(ax, last, y, "ch.", 7, color=MUTED, ha="right") if len(columns) < 5 else None
    y += 6
    for i, (row, chapter) in enumerate(table.rows):
        height = TALL if "$" in row[1] else ROW
        ax.plot([MARGIN, last], [y, y], color=LINE, linewidth=0.4)
        if i % 2:
            ax.fill_between([MARGIN, last], y, y + height, color=PAPER, linewidth=0)
        for column, (start, text) in enumerate(zip(columns, row, strict=True)):
            how = {"ha": "right"} if start >= 420 else {"weight": "bold"} if column == 0 else {}
            if "$" in text:  # no index below a sum: the row would be twice as high
                text, how = text.replace(r"\sum_i", r"\sum\,"), {"va": "center", "fontsize": 9}
            write(ax, MARGIN + start, y + height / 2, text, **how)
        if len(columns) < 5:
            write(ax, last, y + height / 2, str(chapter), 7, color=MUTED, ha="right")
        y += height
    return y + GAP


def draw(address=""):
    """Return the sheet, a Matplotlib figure; address is that of the site."""
    with matplotlib.rc_context(STYLE):
        sheet = Figure(figsize=(WIDTH / 72, HEIGHT / 72), facecolor="white", layout="none")
        ax = sheet.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        ax.set_axis_off()
        write(ax, MARGIN, 38, TITLE, 15, weight="bold")
        write(ax, WIDTH - MARGIN, 38, FORMULA, 10, ha="right")
        write(ax, MARGIN, 58, content.WORDS["example"], 7.6, color=MUTED)
        write(ax, MARGIN, HEIGHT - 24, FOOT.format(address), 7, color=MUTED)
        draw_budget(ax, 74)
        y = 114
        for table in content.tables():
            y = draw_table(ax, table, y)
        if y - GAP > HEIGHT - 34:
            raise ValueError(f"The sheet ends at {y:.0f} of {HEIGHT}: drop rows, or lower ROW.")
    return sheet


def save(folder, address=""):
    """Write cheatsheet.pdf and cheatsheet.png, the same bytes for the same rows."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sheet = draw(address)
    with matplotlib.rc_context(STYLE):
        about = {"Title": TITLE, "CreationDate": None}
        sheet.savefig(folder / f"{NAME}.pdf", metadata=about)
        sheet.savefig(folder / f"{NAME}.png", dpi=DPI, metadata={"Title": TITLE})
    return [folder / f"{NAME}.pdf", folder / f"{NAME}.png"]

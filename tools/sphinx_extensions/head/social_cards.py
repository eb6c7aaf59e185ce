"""A Sphinx extension: the picture of a link to a chapter shows the chapter's question.

Beside it stands what moves on the page, as it begins (social_scenes.py), or else the drawing of
book/_static/social.svg, which stands for all other pages as it is.
"""

import re
import textwrap
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path as Curve

from tools.sphinx_extensions.head import social_scenes

WIDTH, HEIGHT = 1200, 630  # metadata.html says so, too
FOLDER, PAPER = "social", "#12161c"
DRAWING = Path(__file__).resolve().parents[3] / "book" / "_static" / "social.svg"
SVG = "{http://www.w3.org/2000/svg}"
LETTERS, LINES = 22, 6  # of a question, at most
SAYS = "A grid of losses becomes one number: 0.0134."


def curves(path):
    """Yield the points of each curve "Mx yQx y x y" of a path."""
    for part in path.get("d").split("M")[1:]:
        start, turn = part.split("Q")
        numbers = [float(number) for number in (start + " " + turn).split()]
        yield list(zip(numbers[::2], numbers[1::2], strict=True))


def moving(body):
    """Return what moves on a page, (scene, how it begins), or None."""
    if (island := re.search(r' data-island="(\w+)"', body)) and island[1] in social_scenes.SCENES:
        return social_scenes.SCENES[island[1]], ""
    state = None if island else re.search(r'<lossbook-ledger [^>]*data-state="([^"]+)"', body)
    return state and (social_scenes.ledger, unescape(state[1]))


def of_the_book(ax, _):
    """Draw the grid, the curves and the number of social.svg."""
    root = ElementTree.parse(DRAWING).getroot()
    for square in list(root.iter(f"{SVG}rect"))[1:]:
        x, y, width, height = (float(square.get(k, 0)) for k in ("x", "y", "width", "height"))
        style = f"round,pad=0,rounding_size={square.get('rx', 0)}"
        box = FancyBboxPatch((x, y), width, height, boxstyle=style, linewidth=0)
        box.set_facecolor(square.get("fill"))
        ax.add_patch(box)
    for path in root.iter(f"{SVG}path"):
        for points in curves(path):
            curve = Curve(points, [Curve.MOVETO, Curve.CURVE3, Curve.CURVE3])
            ax.add_patch(PathPatch(curve, fill=False, edgecolor=path.get("stroke"), linewidth=2))
    for circle in root.iter(f"{SVG}circle"):
        place = float(circle.get("cx")), float(circle.get("cy"))
        ax.add_patch(Circle(place, float(circle.get("r")), color=circle.get("fill")))
    number = next(text for text in root.iter(f"{SVG}text") if text.get("text-anchor"))
    write(ax, 1075, 315, number.text, 28, number.get("fill"), ha="center", weight="bold")
    return SAYS


def write(ax, x, y, text, size, color, **how):
    """Write in letters of a size in pixels."""
    ax.text(x, y, text, fontsize=size * 0.72, color=color, va="center", parse_math=False, **how)


def draw(question, scene=of_the_book, state=""):
    """Return the card of a question, and what its drawing says in words.

    Raises:
        ValueError: for a question that doesn't fit.
    """
    lines = textwrap.wrap(question, LETTERS)
    if len(lines) > LINES:
        raise ValueError(f"{question!r} needs {len(lines)} lines; a card has {LINES}.")
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "path.sketch": None}):
        card = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, layout="none")
        ax = card.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        ax.set_axis_off()
        ax.add_patch(Rectangle((0, 0), WIDTH, HEIGHT, facecolor=PAPER))
        says = scene(ax, state)
        write(ax, 70, 90, "The Loss Book", 34, "#c8d1dd")
        top = 330 - 31 * (len(lines) - 1)
        for i, line in enumerate(lines):
            write(ax, 70, top + 62 * i, line, 41, "#ffffff", weight="bold")
    return card, says


def save(folder, name, question, *scene):
    """Write the card of a page, the same bytes each time; return the file, and what it shows."""
    file = Path(folder, FOLDER, f"{name}.png")
    file.parent.mkdir(parents=True, exist_ok=True)
    card, says = draw(question, *scene)
    card.savefig(file, pil_kwargs={"optimize": True}, metadata={"Title": question})
    return file, says


def give_card(app, page, template, context, document):
    """Draw the card of a page that has a question, or a ledger, when the page is written."""
    if app.builder.name != "html":
        return
    scene = moving(context.get("body", ""))
    question = (context.get("meta") or {}).get("question")
    if scene and not question:
        question = unescape(re.sub("<.*?>", "", context["title"]))
    if question:
        name = page.rpartition("/")[2]
        _, says = save(app.outdir, name, question, *scene or ())
        context["social_card"] = f"{FOLDER}/{name}.png"
        context["social_text"] = f"{question} {says}"


def setup(app):
    app.connect("html-page-context", give_card)

"""Build the workshop's slides: one deck for all cuts, with reveal.js beside it.

    .venv/bin/python -m tools.slides REVEAL [FOLDER]      # make slides does it

REVEAL is the npm package reveal.js, FOLDER is _build/html/slides, from where the deck links to the
book's pages. workshop/slides.md is what the slides say, workshop/plan.toml when; code, outputs and
figures come from the last run of the chapters.
"""

import shutil
import sys
from pathlib import Path

from tools.notebooks.runs import Kept
from tools.slides import font_sizes
from tools.slides.deck import Deck
from tools.slides.quotes import STYLE, Chapters
from tools.slides.source import SlidesError
from tools.workshop.plan import load

ROOT = Path(__file__).resolve().parents[2]
WORKSHOP = ROOT / "workshop"
FOLDER = Path("_build/html/slides")
STATIC = ("math.woff2", "favicon.svg")
COMMON = ROOT / "tools/theme/static/common.css"  # the book's colours and formulas
REVEAL = {
    "dist/reveal.css": "reveal.css",
    "dist/reveal.js": "reveal.js",
    "dist/plugin/notes.js": "notes.js",
    "LICENSE": "LICENSE.reveal.txt",
}


def build(reveal, folder):
    """Write the deck to a folder; return how many slides it has, in all and by cut."""
    plan = load()
    text = (WORKSHOP / "slides.md").read_text(encoding="utf-8")
    deck = Deck(text, plan, Chapters(Kept()))
    page = deck.page()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "pictures").mkdir(parents=True)
    (folder / "index.html").write_text(page, encoding="utf-8")
    (folder / "sheet.html").write_text(deck.sheet(), encoding="utf-8")
    for file, content in deck.pictures.items():
        (folder / "pictures" / file).write_bytes(content)
    for file, name in REVEAL.items():
        shutil.copyfile(reveal / file, folder / name)
    for name in STATIC:
        shutil.copyfile(ROOT / "book/_static" / name, folder / name)
    shutil.copyfile(COMMON, folder / COMMON.name)
    shutil.copyfile(WORKSHOP / "slides.js", folder / "slides.js")
    sizes = "".join(f".px{size} {{ font-size: {size}px; }}\n" for size in font_sizes.SIZES)
    style = (WORKSHOP / "slides.css").read_text(encoding="utf-8")
    colours = "\n".join(STYLE.get_token_style_defs("pre.code"))
    (folder / "slides.css").write_text(f"{style}\n{sizes}\n{colours}\n", encoding="utf-8")
    return deck.counts()


def main(arguments):
    """Build the deck; say how many slides it has, or what is wrong with it."""
    reveal, folder = Path(arguments[0]), Path(arguments[1] if len(arguments) > 1 else FOLDER)
    try:
        counts = build(reveal, folder)
    except SlidesError as error:
        print(error, file=sys.stderr)
        return 1
    cuts = ", ".join(f"{name} {count}" for name, count in counts.items())
    print(f"Slides: {cuts}. Open {folder / 'index.html'}; S shows the notes, ?cut=90 one cut.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Check the built site: what a reader, a search engine or a link preview would stumble over.

    .venv/bin/python -m tools.website.check [FOLDER]      # FOLDER: _build/html

Every page has a language, one h1, its own title and description, a canonical address and what link
previews read; pictures, headings and tables are in order for readers who hear them
(access.py); every link inside the site ends somewhere, at its anchor too; nothing is fetched
from other hosts; no output shows start-up noise; sitemap and structured data agree with the pages
(search_engines.py).
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from tools.website import access, search_engines

ROOT = Path(__file__).resolve().parents[2]
SLIDES = "slides"  # made apart, by `make slides`, with tests of their own
DESCRIPTION = range(50, 161)  # characters that a search engine shows
SOCIAL = ("og:title", "og:description", "og:image", "og:url")
STRUCTURED = 'script[type="application/ld+json"]'
LOADED = f"img, script[src]:not({STRUCTURED}), " + ", ".join(
    f'link[rel="{kind}"]' for kind in ("stylesheet", "icon", "apple-touch-icon")
)
NOISE = re.compile(r"(?i:oneDNN|TF-TRT|cuda)|WARNING:|^[IWEF]\d{4} \d\d:", re.MULTILINE)


class Page:
    """What one HTML file says, as far as the checks ask."""

    def __init__(self, path):
        html = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        self.lang = html.html.get("lang", "") if html.html else ""
        self.title = "".join(title.get_text() for title in html.select("head title"))
        meta = html("meta")
        named = [(tag.get("name") or tag.get("property"), tag.get("content", "")) for tag in meta]
        self.meta = {name: content.strip() for name, content in named}
        self.descriptions = sum(name == "description" for name, _ in named)
        self.canonical = [link.get("href", "") for link in html.select('link[rel="canonical"]')]
        self.redirects = bool(html.select('meta[http-equiv="refresh" i]'))  # to another page
        self.ids = {tag[name] for name in ("id", "name") for tag in html.select(f"[{name}]")}
        self.links = [link["href"] for link in html.select("a[href]")]
        self.alts = [(image.get("src"), image.get("alt")) for image in html("img")]
        loaded = html.select(LOADED)  # by the browser itself
        self.fetched = [tag.get("href" if tag.name == "link" else "src", "") for tag in loaded]
        self.headings = len(html("h1"))
        outputs = html.select("div.cell_output")
        self.output = "\n".join(output.get_text() for output in outputs)  # of code
        self.stderr = bool(html.select("div.cell_output.stderr, div.cell_output div.stderr"))
        self.data = [script.get_text() for script in html.select(STRUCTURED)]
        self.faults = list(access.check(html))


def check_page(name, page):
    """Yield the problems that one page shows by itself."""
    if not page.lang:
        yield "<html> says no language"
    if not page.title.strip():
        yield "no <title>"
    length = len(page.meta.get("description", ""))
    if length not in DESCRIPTION:
        low, high = DESCRIPTION[0], DESCRIPTION[-1]
        yield (
            f"its description has {length} characters, {low} to {high} are wanted: `description` "
            "in the front matter (.md) or the notebook's metadata (.ipynb)"
        )
    if page.descriptions > 1:
        yield f"{page.descriptions} descriptions; `description` is the only place for one"
    for key in SOCIAL:
        if not page.meta.get(key):
            yield f"no {key}"
    if len(page.canonical) != 1:
        yield f"{len(page.canonical)} canonical addresses"
    elif page.canonical[0] != page.meta.get("og:url"):
        yield f"its canonical address is {page.canonical[0]}, its og:url {page.meta.get('og:url')}"
    elif not page.redirects and not page.canonical[0].endswith("/" + name):
        yield f"its canonical address is another page's: {page.canonical[0]}"
    if page.headings != 1 and not page.redirects:
        yield f"{page.headings} h1 headings"
    yield from page.faults
    for source, alt in page.alts:
        if alt is None:
            yield f"a picture without alt text: {source}"
    if page.stderr:
        yield "an output shows stderr"
    for line in page.output.splitlines():
        if NOISE.search(line):
            yield f"start-up noise in an output: {line.strip()[:80]}"


def check_links(name, page, pages, folder):
    """Yield the links and files of a page that lead nowhere."""
    picture = page.meta.get("og:image", "")  # a full address, yet one of our files
    if page.canonical and picture and not page.redirects:
        file = picture.removeprefix(page.canonical[0].removesuffix(name))
        if not (folder / file).is_file():
            yield f"og:image {picture} is no file of this site"
    for url in page.links + page.fetched:
        parts = urlsplit(url)
        if parts.scheme or parts.netloc:
            if url in page.fetched and parts.scheme != "data":
                yield f"fetches {url} from another host"
            continue
        target = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
        if (folder / SLIDES) in target.resolve().parents and not (folder / SLIDES).is_dir():
            continue  # not made yet
        if not target.is_file():
            yield f"a link leads nowhere: {url}"
            continue
        there = pages.get(target.resolve().relative_to(folder).as_posix())
        anchor = unquote(parts.fragment)
        anchor = re.sub(r"^([\w-]+)=.*", r"\1", anchor)  # a state of a ledger, or of an island
        if there and anchor and anchor not in there.ids:
            yield f"a link leads to no such anchor: {url}"


def check(folder):
    """List every problem of the site in a folder, as "page: what is wrong"."""
    folder = Path(folder).resolve()
    pages = {
        path.relative_to(folder).as_posix(): Page(path)
        for path in sorted(folder.rglob("*.html"))
        if path.relative_to(folder).parts[0] not in ("_static", SLIDES)  # theme's fragments
    }
    if not pages:
        return [f"{folder}: no pages here; `make book` builds them"]
    problems = []
    for name, page in pages.items():
        for problem in (*check_page(name, page), *check_links(name, page, pages, folder)):
            problems.append(f"{name}: {problem}")
    seen = {}
    for name, page in pages.items():
        if page.redirects:
            continue
        for what, text in (("title", page.title), ("description", page.meta.get("description"))):
            if seen.setdefault((what, text), name) != name:
                problems.append(f"{name}: has the same {what} as {seen[what, text]}")
    problems += search_engines.check(folder, pages)
    return problems


def main(arguments):
    problems = check(arguments[0] if arguments else ROOT / "_build/html")
    for problem in problems:
        print(problem)
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the site."
    print(count if problems else "The site is in order.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Rewrite the built pages so that they load at once, from this site alone.

    .venv/bin/python -m tools.website.pages [FOLDER]      # FOLDER: _build/html; `make book` runs it

One style sheet (tools/website/styles.py) and one script, loaded last, stand for the theme's seven
and
ten; icons are drawn in the page; pictures have their size and wait until they are near; tables say
what their headers head; files that no page needs any more are removed. A second run changes
nothing.
"""

import hashlib
import re
import shutil
import struct
import sys
from html import unescape
from pathlib import Path

from tools.website import styles as site_styles

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build/html"
# In this order they make the one script: search terms marked on the page, then our own.
BUNDLE = ("documentation_options.js", "doctools.js", "sphinx_highlight.js", "lossbook.js")
# What lossbook.js stands for; and what only the search page needs.
REPLACED = ("fontawesome.js", "bootstrap.js", "pydata-sphinx-theme.js", "sphinx-book-theme.js")
REPLACED += ("clipboard.min.js", "copybutton.js")
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
# What the theme brings and no page of ours asks for.
UNUSED = ("vendor", "locales", "images", "styles", "scripts", "webpack-macros.html")
UNUSED += ("sbt-webpack-macros.html", "clipboard.min.js", "copybutton.js", "copybutton_funcs.js")
UNUSED += ("copybutton.css", "copy-button.svg", "check-solid.svg", "basic.css", "pygments.css")
UNUSED += ("lossbook.css", "file.png", "minus.png", "plus.png")
LICENCES = """/*! The Loss Book's style sheet, with what its pages use of: sphinx-book-theme,
pydata-sphinx-theme, Sphinx, MyST-NB (BSD 3-Clause), Bootstrap (MIT). Icons in the pages: Font
Awesome Free (CC BY 4.0). Font of the formulas: STIX Two Math (SIL Open Font License 1.1). */
"""
SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>\s*", re.DOTALL)
SHEET = re.compile(r'<link\b[^>]*\brel="stylesheet"[^>]*>\s*')
ICON = re.compile(r'<(i|span) class="([^"]*\bfa-[^"]*)"([^>]*)>\s*</\1>')
# Names, punctuation and blanks have the colour of plain text, in the light style and in the dark.
PLAIN = re.compile(r'<span class="(?:n|p|w)">([^<]*)</span>')
NARROW = 40  # characters of code that a phone shows in a line
BADGE = re.compile(r'<img alt="([^"]*)" src="https://colab[^"]*badge\.svg" ?/?>')


def attribute(tag, name):
    """The value of an attribute in a tag's text, or None."""
    match = re.search(rf'\s{name}="([^"]*)"', tag)
    return unescape(match[1]) if match else None


def digest(content):
    return hashlib.sha256(content).hexdigest()[:10]


def names(page):
    """Every element, class and id in a page."""
    found = set()
    for tag, rest in re.findall(r'<([a-zA-Z][\w-]*)((?:[^<>"]|"[^"]*")*)>', page):
        found.add(tag.lower())
        for value in re.findall(r'\s(?:class|id)="([^"]*)"', rest):
            found.update(unescape(value).split())
    return found


# --- icons ----------------------------------------------------------------------------------------


def icon_paths(script):
    """Font Awesome's outlines by name: (width, height, path)."""
    pattern = r'[{,]"?([a-z][a-z0-9-]*)"?:\[(\d+),(\d+),\[[^]]*\],"[0-9a-f]+",\[?"([^"]+)"'
    return {name: (w, h, path) for name, w, h, path in re.findall(pattern, script)}


def draw_icons(page, outlines):
    """Icons as SVG, which needs neither a font nor a script."""

    def drawn(match):
        classes = match[2].split()
        name = next((c[3:] for c in classes if c[:3] == "fa-" and c[3:] in outlines), None)
        if name is None:
            raise ValueError(f"no outline for the icon {match[2]}")
        width, height, path = outlines[name]
        kept = [c for c in classes if c not in ("fab", "fas") and not c.startswith("fa-")]
        kept = " ".join(["lb-icon", *kept])
        mode = re.search(r'\sdata-mode="\w+"', match[3])
        return (
            f'<svg class="{kept}"{mode[0] if mode else ""} viewBox="0 0 {width} {height}"'
            f' aria-hidden="true"><path d="{path}"/></svg>'
        )

    return ICON.sub(drawn, page)


# --- pictures -------------------------------------------------------------------------------------


def picture_size(path):
    """Width and height in CSS pixels of a PNG or an SVG."""
    head = path.read_bytes()[:4096]
    if head[1:4] == b"PNG":
        return struct.unpack(">II", head[16:24])
    svg = re.search(rb"<svg\b[^>]*>", head, re.DOTALL)[0].decode()
    sizes = [
        re.fullmatch(r"([\d.]+)(pt|px|)", attribute(svg, n) or "") for n in ("width", "height")
    ]
    if all(sizes):
        return tuple(round(float(m[1]) * (4 / 3 if m[2] == "pt" else 1)) for m in sizes)
    box = attribute(svg, "viewBox")
    if box is None:
        raise ValueError(f"{path.name} says no size")
    return tuple(round(float(side)) for side in box.split()[2:])


def size_pictures(page, folder):
    """Say how large each picture is, so that nothing moves; load only what is near."""
    first = True

    def sized(match):
        nonlocal first
        tag = match[0]
        source = attribute(tag, "src")
        if attribute(tag, "width") or not source or re.match(r"[a-z]+:", source):
            return tag
        width, height = picture_size(folder / source)
        # The first figure of a page often stands in the first screen.
        wait = "" if first else ' loading="lazy"'
        first = False
        tag = re.sub(r"\s*/?>$", "", tag)
        return f'{tag} width="{width}" height="{height}" decoding="async"{wait}>'

    return re.sub(r"<img\b[^>]*>", sized, page)


# --- the head of a page ---------------------------------------------------------------------------


def clean_head(page, name):
    """Leave out the scripts that the bundle stands for, and what is said twice."""

    def kept(match):
        source = attribute(match["attributes"], "src")
        if source is None:  # options of scripts that are gone
            theirs = re.match(r"DOCUMENTATION_OPTIONS\.|window\.MathJax", match["body"])
            return "" if theirs else match[0]
        file = source.split("?")[0].split("/")[-1]
        if file in BUNDLE + REPLACED or file.startswith("site.") or "mathjax" in source:
            return ""
        if file in SEARCH and name != "search.html":
            return ""
        return re.sub(r"<script\b(?![^>]*\bdefer)", "<script defer", match[0])

    page = SCRIPT.sub(kept, page)
    page = re.sub(r'<link\b[^>]*(?:rel="preload" as="(?:script|font)")[^>]*>\s*', "", page)
    page = re.sub(r'<meta name="(?:docsearch:\w+)"[^>]*>\s*', "", page)
    page = re.sub(r"\s*<!--(?!\[).*?-->", "", page, flags=re.DOTALL)
    seen = re.findall(r'<meta name="viewport"[^>]*>\s*', page)
    for again in seen[1:]:
        page = page.replace(again, "", 1) if again != seen[0] else page
    return page


def give_head(page, up, sheet, script):
    """Style sheet, the font of the formulas, and the script, in this order."""
    font = f'{up}_static/math.woff2" type="font/woff2" crossorigin>\n'
    head = (
        f'<link rel="stylesheet" href="{up}_static/{sheet}">\n'
        + (f'<link rel="preload" as="font" href="{font}' if "<math" in page else "")
        + f'<script defer src="{up}_static/{script}"></script>\n'
    )
    return re.sub(r'(?=<script defer|<link rel="icon"|</head>)', lambda _: head, page, count=1)


def finish_body(page):
    """Small things that the theme or a notebook leaves to a script or to other hosts."""
    page = BADGE.sub(r'<span class="lb-badge">\1</span>', page)
    page = re.sub(r' data-bs-(?:toggle|placement|title)="[^"]*"', "", page)
    page = re.sub(r'<button [^>]*id="pst-back-to-top".*?</button>', "", page, flags=re.DOTALL)
    # A name for those who hear the page that differs from the words on the button.
    page = page.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    return re.sub(
        r'(<button class="[^"]*search-button-field[^"]*")[^>]*>', r'\1 type="button">', page
    )


def plain_code(page):
    """Code without the elements that look like the code around them: half of all on a page.

    What may scroll in its own box is marked for the keyboard; lossbook.js takes the mark from what
    does not, in the window that there is.
    """

    def plainer(match):
        code = PLAIN.sub(r"\1", match[1].replace("<span></span>", ""))
        lines = unescape(re.sub(r"<[^>]+>", "", code)).split("\n")
        scrolls = ' tabindex="0"' if max(map(len, lines)) > NARROW else ""
        return f"<pre{scrolls}>{code}</pre>"

    page = re.sub(r"<pre>(.*?)</pre>", plainer, page, flags=re.DOTALL)
    table = '<div class="pst-scrollable-table-container"'
    page = page.replace(f"{table}>", f'{table} tabindex="0">')
    return re.sub(r'<span class="pre">([^<]*)</span>', r"\1", page)


def scope_headers(page):
    """Let the headers of a table say whether they head a column or a row; an empty one is none."""

    def scoped(part, scope):
        return re.sub(r"<th\b(?![^>]*\bscope=)", f'<th scope="{scope}"', part)

    page = re.sub(r"<th\b[^>]*>(?:<p></p>)?</th>", "<td></td>", page)
    page = re.sub(r"<thead\b.*?</thead>", lambda m: scoped(m[0], "col"), page, flags=re.DOTALL)
    return scoped(page, "row")


# --- the site -------------------------------------------------------------------------------------


def finish(folder):
    """Rewrite every page below a folder."""
    folder = Path(folder)
    static = folder / "_static"
    apart = {static, folder / "slides"}  # tools/slides/__main__.py makes a page of its own
    paths = [p for p in sorted(folder.rglob("*.html")) if apart.isdisjoint(p.parents)]
    raw = {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in paths}
    if not any("fontawesome.js" in page for page in raw.values()):
        return 0  # finished already
    outlines = icon_paths((static / "scripts/fontawesome.js").read_text(encoding="utf-8"))
    order = dict.fromkeys(
        attribute(tag, "href").split("?")[0].split("_static/")[1]
        for page in raw.values()
        for tag in SHEET.findall(page)
        if "_static/site." not in tag
    )
    pages = {}
    for name, page in raw.items():
        page = SHEET.sub("", page)
        page = clean_head(page, name)
        page = draw_icons(plain_code(scope_headers(finish_body(page))), outlines)
        pages[name] = size_pictures(page, (folder / name).parent)
    bundle = ";\n".join((static / name).read_text(encoding="utf-8") for name in BUNDLE)
    others = {
        s for page in pages.values() for s in re.findall(r'<script defer src="([^"?:]+)', page)
    }
    files = {static.parent / s.replace("../", "") for s in others}
    scripts = bundle + "".join(
        file.read_text(encoding="utf-8") for file in sorted(files) if file.name != "searchindex.js"
    )
    sheets = [site_styles.read(static / name, static) for name in order]
    used = set().union(*(names(page) for page in pages.values()))
    css = (LICENCES + site_styles.one_sheet(sheets, used, scripts)).encode()
    for stale in (*static.glob("site.*.css"), *static.glob("site.*.js")):
        stale.unlink()
    sheet, script = f"site.{digest(css)}.css", f"site.{digest(bundle.encode())}.js"
    (static / sheet).write_bytes(css)
    (static / script).write_text(bundle, encoding="utf-8")
    for name, page in pages.items():
        if "<body" in page and 'http-equiv="refresh"' not in page:
            page = give_head(page, "../" * name.count("/"), sheet, script)
        (folder / name).write_text(page, encoding="utf-8")
    for name in (*UNUSED, *BUNDLE, *(name for name in order if name.startswith("mystnb"))):
        path = static / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for path in static.glob("**/*.map"):
        path.unlink()
    return len(pages)


if __name__ == "__main__":
    count = finish(sys.argv[1] if len(sys.argv) > 1 else SITE)
    print(f"{count} pages finished." if count else "The pages are finished already.")

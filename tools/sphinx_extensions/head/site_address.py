"""A Sphinx extension: the site's own address, and the files that are made of it.

The address follows from the repository's in _config.yml, for GitHub Pages. Templates know it as
`site_address`, and the `author` too. sitemap.xml lists every page, robots.txt names the sitemap (a
host that keeps the book in a folder may ignore it: then hand the sitemap to the search engine).
"""

from pathlib import Path
from xml.sax.saxutils import escape

UNLISTED = {"index", "search", "genindex"}  # index only leads to book/index


def site_address(repository):
    """Return where GitHub Pages shows a repository, with a slash at the end."""
    owner, name = repository.rstrip("/").split("/")[-2:]
    return f"https://{owner}.github.io/{name}/"


def of(app):
    return site_address(app.config.html_theme_options["repository_url"])


def sitemap(address, pages):
    """Return the text of sitemap.xml."""
    lines = [f"  <url><loc>{escape(address + page)}.html</loc></url>" for page in sorted(pages)]
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    start = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return "\n".join([head, start, *lines, "</urlset>\n"])


def robots(address):
    """Return the text of robots.txt."""
    return f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n"


def write(app, error):
    if error or app.builder.name != "html":
        return
    pages = app.env.found_docs - UNLISTED
    Path(app.outdir, "sitemap.xml").write_text(sitemap(of(app), pages), encoding="utf-8")
    Path(app.outdir, "robots.txt").write_text(robots(of(app)), encoding="utf-8")


def setup(app):
    # Before the handlers of other extensions, which use it.
    app.connect(
        "html-page-context",
        lambda app, page, template, context, document: context.update(
            site_address=of(app), author=app.config.author
        ),
        priority=400,
    )
    app.connect("build-finished", write)

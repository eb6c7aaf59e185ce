"""What search engines read of the built site: sitemap, robots.txt, structured data, keywords.

tools/website/check.py calls `check`. It says nothing about how a page looks.
"""

import json
from xml.etree import ElementTree

LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


def check_data(page):
    """Yield what is wrong with the structured data of a page."""
    try:
        graph = [entry for text in page.data for entry in json.loads(text)["@graph"]]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        yield f"its structured data can't be read: {error!r}"
        return
    if not graph:
        yield "no structured data (JSON-LD)"
    elif page.canonical and graph[0].get("url") != page.canonical[0]:
        yield f"its structured data is of {graph[0].get('url')}"


def check(folder, pages):
    """Yield the problems of a site, as "page: what is wrong"."""
    listed = {
        name: page
        for name, page in pages.items()
        if not page.redirects and "noindex" not in page.meta.get("robots", "")
    }
    for name, page in listed.items():
        for problem in check_data(page):
            yield f"{name}: {problem}"
    sitemap, robots = folder / "sitemap.xml", folder / "robots.txt"
    if not sitemap.is_file() or not robots.is_file():
        yield "sitemap.xml and robots.txt: one of them is missing"
        return
    there = [element.text for element in ElementTree.parse(sitemap).iter(LOC)]
    wanted = sorted(url for page in listed.values() for url in page.canonical)
    if sorted(there) != wanted:
        yield f"sitemap.xml: differs from the pages in {sorted(set(there) ^ set(wanted))}"
    if "/sitemap.xml" not in robots.read_text(encoding="utf-8"):
        yield "robots.txt: doesn't name the sitemap"

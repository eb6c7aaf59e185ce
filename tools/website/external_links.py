"""Ask every other site that the book links to whether the page is still there: `make links`.

    .venv/bin/python -m tools.website.external_links [FOLDER]      # FOLDER: _build/html

One host is asked by one thread, with a pause between two questions. What is gone (404, 410, no such
host) fails; a host that turns robots away (401, 403, 405, 429), is out of order for now or answers
too late is only named. It runs on a schedule, for links die without our doing: links inside the
site are checked by tools/website/check.py whenever the book is built.
"""

import re
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

ROOT = Path(__file__).resolve().parents[2]
AGENT = "Mozilla/5.0 (compatible; link check of The Loss Book)"
GONE = (404, 410)
PAUSE, PATIENCE, TRIES = 1.0, 20, 3  # seconds between two questions, for an answer; questions
# Until the book has a home, its own address has an owner that no login can have: one with a "_".
NO_HOME = re.compile(r"(?:github\.com/|/github/|//)[a-z]+_\w*(?:/|\.github\.io)")


class Links(HTMLParser):
    """Where the links of a page lead, without anchors."""

    def __init__(self, text):
        super().__init__()
        self.urls = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        url = dict(attributes).get("href") or ""
        if tag == "a" and urlsplit(url).scheme in ("http", "https") and not NO_HOME.search(url):
            self.urls.add(urldefrag(url).url)


def links_of(folder):
    """Return {address: the pages that link to it}."""
    found = defaultdict(list)
    for path in sorted(Path(folder).rglob("*.html")):
        if "_static" not in path.relative_to(folder).parts:  # the theme's fragments
            for url in sorted(Links(path.read_text(encoding="utf-8")).urls):
                found[url].append(path.relative_to(folder).as_posix())
    return dict(sorted(found.items()))


def ask(url, method="HEAD"):
    """Return the status of an address, or the error of the network as text."""
    request = urllib.request.Request(url, method=method, headers={"User-Agent": AGENT})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError as error:  # no such host, no connection, too late
        return str(getattr(error, "reason", error))


def outcome(url, pause=PAUSE):
    """Return "ok", "gone" or "unknown" for an address, and what the last answer was.

    Some hosts know no HEAD, some need a second question.
    """
    for attempt in range(TRIES):
        status = ask(url, "GET" if attempt else "HEAD")
        if isinstance(status, int) and status < 400:
            return "ok", status
        if status in GONE and attempt:
            return "gone", status
        time.sleep(pause * (attempt + 1))
    return ("gone" if isinstance(status, str) else "unknown"), status


def ask_host(urls, pause=PAUSE):
    """Ask one host for all of its addresses, one after the other."""
    answers = {}
    for i, url in enumerate(urls):
        if i:
            time.sleep(pause)
        answers[url] = outcome(url, pause)
    return answers


def main(arguments, pause=PAUSE):
    found = links_of(arguments[0] if arguments else ROOT / "_build" / "html")
    hosts = defaultdict(list)
    for url in found:
        hosts[urlsplit(url).netloc].append(url)
    answers = {}
    with ThreadPoolExecutor(8) as pool:
        for part in pool.map(lambda urls: ask_host(urls, pause), hosts.values()):
            answers.update(part)
    for url, pages in found.items():
        kind, status = answers[url]
        if kind != "ok":
            print(f"{kind}: {url} ({status}), linked from {', '.join(pages)}")
    gone = sum(kind == "gone" for kind, _ in answers.values())
    print(f"{len(found)} links to {len(hosts)} hosts: {gone} gone.")
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

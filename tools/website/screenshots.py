"""Photograph pages of the built site, on a phone and on a desk, in light and in dark.

    .venv/bin/python -m tools.website.screenshots                      # every page
    .venv/bin/python -m tools.website.screenshots book/index --full    # one page, to its end

`make browser` installs what it needs, Playwright and Chromium. It says where a page is wider than
its window.
"""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.website.server import SITE, serving

OUT = SITE.parent / "screenshots"
WINDOWS = ({"width": 390, "height": 844}, {"width": 1280, "height": 900})
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def photograph(page, url, path, full):
    """Save one picture; return the pixels by which the page is too wide."""
    page.goto(url, wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=path, full_page=full)
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", help="book/index, ... (default: all)")
    parser.add_argument("--full", action="store_true", help="the page to its end")
    options = parser.parse_args()
    pages = options.pages or [f"book/{path.stem}" for path in sorted(SITE.glob("book/*.html"))]
    chromium = next(filter(None, map(shutil.which, CHROMIUM)))
    failed = False
    with serving() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for window in WINDOWS:
            for mode in ("light", "dark"):
                page = browser.new_page(viewport=window, color_scheme=mode)
                for name in pages:
                    path = OUT / f"{Path(name).name}-{window['width']}-{mode}.png"
                    beyond = photograph(page, f"{site}/{name}.html", path, options.full)
                    print(path, f"    {beyond} px too wide" if beyond > 0 else "")
                    failed = failed or beyond > 0
        browser.close()
    return failed


if __name__ == "__main__":
    sys.exit(main())

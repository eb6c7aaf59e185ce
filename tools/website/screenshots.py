"""Photograph pages of the built site, on a phone and on a desk, in light and in dark.

    .venv/bin/python -m tools.website.screenshots                      # every page
    .venv/bin/python -m tools.website.screenshots book/index --full    # one page, to its end

It drives Chromium (Debian: `apt-get install chromium`) through its debugging port, so that a width
of 390 px is really 390 px, and says which elements stick out of the page. Nothing else needs it.
"""

import argparse
import asyncio
import base64
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from tornado.websocket import websocket_connect

ROOT = Path(__file__).resolve().parents[2]
PIECE = 8000  # pixels of one picture; Chromium paints nothing below 16384
# Resolves when the fonts are there.
READY = """(async () => {
  await document.fonts.ready;
  await new Promise(done => setTimeout(done, 300));
})()"""
# What is wider than the page and lies in no box that scrolls.
OVERFLOW = """(() => {
  const page = document.documentElement, found = [];
  const scrolls = element => getComputedStyle(element).overflowX !== "visible";
  for (const element of document.querySelectorAll("article *, footer *")) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.right <= page.clientWidth + 1) continue;
    let around = element.parentElement;
    while (around && !scrolls(around)) around = around.parentElement;
    if (around === null || around === page || around === document.body)
      found.push(element.tagName + "." + element.className + " " + Math.round(box.right));
  }
  return {scroll: page.scrollWidth, view: page.clientWidth, height: page.scrollHeight,
          found: found.slice(0, 5)};
})()"""


class Browser:
    """One Chromium, one page, spoken to in its DevTools protocol."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [
                "chromium",
                *("--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"),
                *("--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.port_file = Path(folder) / "DevToolsActivePort"
        self.count = 0

    async def open(self):
        for _ in range(100):
            if self.port_file.exists() and self.port_file.read_text().count("\n") >= 1:
                break
            time.sleep(0.1)
        port = self.port_file.read_text().split()[0]
        with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [page for page in json.load(answer) if page["type"] == "page"]
        url = pages[0]["webSocketDebuggerUrl"]
        self.socket = await websocket_connect(url, max_message_size=2**28)
        await self.send("Page.enable")

    async def send(self, method, **params):
        self.count += 1
        number = self.count
        await self.post(number, method, params)
        while True:
            message = json.loads(await self.socket.read_message())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    async def post(self, number, method, params):
        await self.socket.write_message(
            json.dumps({"id": number, "method": method, "params": params})
        )

    async def evaluate(self, script):
        answer = await self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        return answer["result"].get("value")

    async def photograph(self, url, width, theme, full, path):
        """Save one picture, or several of a long page; return the problems seen."""
        height = 844 if width < 600 else 900
        size = {"width": width, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.send("Emulation.setDeviceMetricsOverride", height=height, **size)
        dark = [{"name": "prefers-color-scheme", "value": theme}]
        await self.send("Emulation.setEmulatedMedia", features=dark)
        await self.send("Page.navigate", url=url)
        while await self.evaluate("document.readyState") != "complete":
            await asyncio.sleep(0.05)
        await self.evaluate(READY)
        page = await self.evaluate(OVERFLOW)
        tops = [0]
        if full:
            height = min(page["height"], PIECE)
            tops = range(0, page["height"], height)
            await self.send("Emulation.setDeviceMetricsOverride", height=height, **size)
        for number, top in enumerate(tops, start=1):
            await self.evaluate(f"window.scrollTo({{top: {top}, behavior: 'instant'}})")
            picture = await self.send("Page.captureScreenshot")
            name = path.with_stem(f"{path.stem}-{number}") if len(tops) > 1 else path
            name.write_bytes(base64.b64decode(picture["data"]))
        wide = page["scroll"] > page["view"] or page["found"]
        return [f"{page['scroll']} px wide in {page['view']} px"] + page["found"] if wide else []


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", help="book/index, ... (default: all)")
    parser.add_argument("--site", type=Path, default=ROOT / "_build/html")
    parser.add_argument("--out", type=Path, default=ROOT / "_build/screenshots")
    parser.add_argument("--widths", type=int, nargs="+", default=[390, 1280])
    parser.add_argument("--themes", nargs="+", default=["light", "dark"])
    parser.add_argument("--full", action="store_true", help="the page to its end")
    args = parser.parse_args()
    pages = args.pages or [
        path.relative_to(args.site).with_suffix("").as_posix()
        for path in sorted(args.site.glob("book/*.html"))
    ]
    args.out.mkdir(parents=True, exist_ok=True)
    failed = False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            await browser.open()
            for page in pages:
                url = (args.site / f"{page}.html").resolve().as_uri()
                for width in args.widths:
                    for theme in args.themes:
                        path = args.out / f"{Path(page).name}-{width}-{theme}.png"
                        problems = await browser.photograph(url, width, theme, args.full, path)
                        print(path, *problems, sep="\n    ")
                        failed = failed or bool(problems)
        finally:
            browser.process.terminate()
            browser.process.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

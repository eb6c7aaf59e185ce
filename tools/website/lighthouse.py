"""Measure every page with Lighthouse, as a phone on a slow network, and a stock page beside them.

    make lighthouse                          # every page
    make lighthouse PAGES="book/index search"

Lighthouse comes from npm, pinned in the Makefile; Chromium is the system's. The site is served with
gzip, as GitHub Pages does (tools/website/server.py). The stock page is one chapter in Jupyter
Book's own theme without a setting of ours. The table goes to standard output and, with all that
Lighthouse said, to _build/lighthouse. A page that misses the target for speed is measured twice
more, and the middle one counts (`runs` says so). The command fails where a page misses a target.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.website import server as pages_server

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "_build/lighthouse"
STOCK = ROOT / "_build/stock"
CHAPTER = "05_weights"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TARGETS = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def stock_site():
    """One chapter in the theme as it comes, its outputs as saved."""
    book = STOCK / "book"
    shutil.rmtree(STOCK, ignore_errors=True)
    book.mkdir(parents=True)
    shutil.copy(ROOT / f"book/{CHAPTER}.ipynb", book)
    (book / "_toc.yml").write_text(f"format: jb-book\nroot: {CHAPTER}\n")
    (book / "_config.yml").write_text("title: Stock\nexecute: {execute_notebooks: 'off'}\n")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", book]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return book / "_build/html"


def measure(tool, url, name):
    """Run Lighthouse once; return its report."""
    report = OUT / f"{name.replace('/', '-')}.json"
    command = [tool, url, "--quiet", "--output=json", f"--output-path={report}"]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"]
    chromium = next(filter(None, map(shutil.which, CHROMIUM)))
    environment = os.environ | {"CHROME_PATH": chromium}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return json.loads(report.read_text(encoding="utf-8"))


def speed(report):
    return report["categories"]["performance"]["score"] or 0


def settled(tool, url, name):
    """A report, and of how many runs it is the middle one."""
    reports = [measure(tool, url, name)]
    if 100 * speed(reports[0]) < TARGETS["performance"]:
        reports += [measure(tool, url, name) for _ in range(2)]
    return sorted(reports, key=speed)[len(reports) // 2], len(reports)


def row(name, report, runs):
    """What a report says, for one line of the table."""
    scores = {
        key: None if report["categories"][key]["score"] is None
        else round(100 * report["categories"][key]["score"])
        for key in CATEGORIES
    }  # fmt: skip
    audits = report["audits"]
    if audits["is-crawlable"]["score"] == 0:
        scores["seo"] = "no index"  # a page that asks to be left out, as the search page does
    requests = audits["network-requests"]["details"]["items"]
    return {
        "page": name,
        **scores,
        "KiB": round(sum(item.get("transferSize", 0) for item in requests) / 1024),
        "requests": len(requests),
        "first paint": audits["first-contentful-paint"]["displayValue"].replace("\xa0", " "),
        "largest paint": audits["largest-contentful-paint"]["displayValue"].replace("\xa0", " "),
        "blocked": audits["total-blocking-time"]["displayValue"].replace("\xa0", " "),
        "shift": audits["cumulative-layout-shift"]["displayValue"],
        "runs": runs,
    }


def missed(line):
    """The categories in which a page misses its target."""
    return [
        key
        for key, target in TARGETS.items()
        if line[key] != "no index" and (line[key] or 0) < target
    ]


def table(lines):
    """Markdown."""
    head = list(lines[0])
    out = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    out += ["| " + " | ".join(str(line[key]) for key in head) + " |" for line in lines]
    return "\n".join(out)


def main(arguments):
    tool, *pages = arguments
    site = pages_server.SITE
    pages = pages or [
        path.relative_to(site).with_suffix("").as_posix()
        for path in (*sorted(site.glob("book/*.html")), site / "search.html")
    ]
    OUT.mkdir(parents=True, exist_ok=True)
    lines, failures = [], []
    with pages_server.serving(site) as url:
        for name in pages:
            report, runs = settled(tool, f"{url}/{name}.html", name)
            lines.append(row(name, report, runs))
            print(*lines[-1].values(), sep="\t", flush=True)
            for key in missed(lines[-1]):
                audits = [a["id"] for a in report["categories"][key]["auditRefs"] if a["weight"]]
                low = [a for a in audits if (report["audits"][a]["score"] or 0) < 0.9]
                low = [a for a in low if report["audits"][a]["scoreDisplayMode"] != "notApplicable"]
                failures.append(f"{name}: {key} {lines[-1][key]}: {', '.join(low)}")
    with pages_server.serving(stock_site()) as url:
        stock, runs = settled(tool, f"{url}/{CHAPTER}.html", "stock")
        lines.append(row(f"stock theme, {CHAPTER}", stock, runs))
    (OUT / "table.md").write_text(table(lines) + "\n", encoding="utf-8")
    print(f"\n{table(lines)}\n", *failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Judge what Sphinx has found out about links to other sites: `make links`.

    .venv/bin/python -m tools.website.external_links [FILE]      # FILE: _build/html/output.json

What is gone (404, 410, no such host, nobody there) fails; a host that turns robots away, is out of
order for now or answers too late is only named. It runs on a schedule, for links die without our
doing: links inside the site are checked by tools/website/check.py whenever the book is built.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GONE = re.compile(r"\b(404|410) Client Error|Failed to resolve|Name or service|Connection refused")
NAMED = ("broken", "timeout")


def main(arguments):
    path = Path(arguments[0] if arguments else ROOT / "_build/html/output.json")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    asked = {row["uri"]: row for row in rows if row["status"] not in ("ignored", "unchecked")}
    gone = 0
    for uri, row in sorted(asked.items()):
        if row["status"] not in NAMED:
            continue
        kind = "gone" if row["status"] == "broken" and GONE.search(row["info"]) else "unknown"
        gone += kind == "gone"
        print(f"{kind}: {uri} in {row['filename']}: {row['info']}")
    print(f"{len(asked)} links to other sites: {gone} gone.")
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""One style sheet out of the theme's seven, with nothing that no page uses.

A selector stays if every class, id and element that it names occurs in a page or in a script; what
stands in :not(), :is() or :where() asks for nothing. Then go the custom properties, key frames and
fonts that nothing uses any more. Rules for the dark (light) mode, which a script chooses, come a
second time for readers without scripts, under prefers-color-scheme.
"""

import re
from pathlib import PurePosixPath
from posixpath import normpath

PIECE = re.compile(r"""/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|url\([^)"']*\)|[{};]""", re.S)
NAME = r"(?:\\.|[\w-])+"
ELEMENT = re.compile(rf"(?:^|[\s>+~])({NAME})")
MODE = re.compile(r"""(?:html|:root)?\[data-theme=["']?(dark|light)["']?\]""")
WORD = re.compile(r"[\w-]+")
ICON_FONT = re.compile(r"Font Awesome|var\(--fa-")  # its pictures are SVG (tools/website/pages.py)


def parse(css):
    """Split CSS into (head, body): body is text for declarations, a list for a block of rules."""
    return _block(css, 0)[0]


def _block(css, start):
    found, head, at = [], start, start
    while True:
        match = PIECE.search(css, at)
        if match is None:
            return found, len(css)
        at = match.end()
        piece = match[0]
        if piece == ";":
            found.append((_clean(css[head : at - 1]), None))
            head = at
        elif piece == "{":
            name = _clean(css[head : at - 1])
            if re.match(r"@(media|supports|layer|container)", name):
                inside, at = _block(css, at)
            elif "keyframes" in name:
                inside, at = _block(css, at)
                inside = "".join(f"{key}{{{value}}}" for key, value in inside)
            else:
                end = _end(css, at)
                inside, at = _clean(css[at:end]), end + 1
            found.append((name, inside))
            head = at
        elif piece == "}":
            return found, at


def _end(css, at):
    """Where the declarations that begin at `at` end."""
    while True:
        match = PIECE.search(css, at)
        if match[0] == "}":
            return match.start()
        at = match.end()


def _clean(text):
    """Without comments, and with no more blanks than are needed."""

    out, last = [], 0
    for match in PIECE.finditer(text):
        out.append(re.sub(r"\s+", " ", text[last : match.start()]))
        out.append("" if match[0].startswith("/*") else match[0])
        last = match.end()
    out.append(re.sub(r"\s+", " ", text[last:]))
    parts = [part.strip() for part in declarations("".join(out)) if part.strip()]
    return ";".join(re.sub(r"^([\w-]+)\s*:\s*", r"\1:", part) for part in parts)


def selectors(head):
    """The selectors of a list, at the commas outside brackets."""
    depth, start, found = 0, 0, []
    for at, sign in enumerate(head):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            found.append(head[start:at].strip())
            start = at + 1
    return [*found, head[start:].strip()]


def asked(selector):
    """The names that a selector cannot do without."""
    plain = selector
    while True:  # innermost brackets first
        shorter = re.sub(r"(?<!\\)::?[\w-]+(?:\([^()]*\)|(?![\w(-]))|\[[^]]*\]", "", plain)
        if shorter == plain:
            break
        plain = shorter
    names = set(re.findall(rf"[.#]({NAME})", plain))
    bare = re.sub(rf"[.#]{NAME}", "", plain)
    names |= {name.lower() for name in ELEMENT.findall(bare)}
    return {re.sub(r"\\(.)", r"\1", name) for name in names}


def declarations(body):
    """The declarations of a rule, at the semicolons outside texts and addresses."""
    found, start = [], 0
    for match in PIECE.finditer(body):
        if match[0] == ";":
            found.append(body[start : match.start()])
            start = match.end()
    return [*found, body[start:]]


def purge(rules, used):
    """The rules that can apply, given every name that occurs."""
    kept = []
    for head, body in rules:
        if head.startswith("@"):
            inside = purge(body, used) if isinstance(body, list) else body
            if inside or body is None:
                kept.append((head, inside))
            continue
        able = [one for one in selectors(head) if asked(one) <= used]
        if able and body:
            kept.append((",".join(able), body))
    return kept


def without_scripts(rules):
    """A rule for a mode, again, for pages whose <html> names none because no script runs."""
    out = []
    for head, body in rules:
        out.append((head, without_scripts(body) if isinstance(body, list) else body))
        if head.startswith("@"):
            continue
        for mode in ("dark", "light"):
            same = [one for one in selectors(head) if (m := MODE.search(one)) and m[1] == mode]
            if same:
                again = ",".join(MODE.sub("html:not([data-theme])", one) for one in same)
                out.append((f"@media (prefers-color-scheme: {mode})", [(again, body)]))
    return out


def text(rules):
    """CSS again."""
    out = []
    for head, body in rules:
        if body is None:
            out.append(f"{head};")
        else:
            out.append(f"{head}{{{text(body) if isinstance(body, list) else body}}}")
    return "\n".join(out)


def drop_unused(rules, scripts):
    """Without custom properties, key frames and fonts that nothing mentions; scripts may."""
    while True:
        whole = text(rules)
        alive = set(re.findall(r"var\(\s*(--[\w-]+)", whole)) | set(
            re.findall(r"--[\w-]+", scripts)
        )
        alive |= set(WORD.findall(" ".join(re.findall(r"animation(?:-name)?:([^;}]*)", whole))))
        shorter = _drop(rules, alive, re.sub(r"@font-face\{.*?\}", "", whole))
        if text(shorter) == whole:
            return rules
        rules = shorter


def _drop(rules, alive, mentions):
    kept = []
    for head, body in rules:
        if isinstance(body, list):
            body = _drop(body, alive, mentions)
        elif ICON_FONT.search(f"{body}".replace("\\", "")):
            continue
        elif head.startswith("@font-face"):
            if re.search(r"font-family:([^;]*)", body)[1].strip("\"'") not in mentions:
                continue
        elif "keyframes" in head:
            if head.split()[-1] not in alive:
                continue
        elif body and not head.startswith("@"):
            parts = declarations(body)
            body = ";".join(p for p in parts if p[:2] != "--" or p.split(":")[0] in alive)
        if body or body is None:
            kept.append((head, body))
    return kept


def rebase(css, folder):
    """Let the addresses of a sheet in `folder` (below _static) count from _static itself."""

    def moved(match):
        address = match[1].strip("\"' ")
        if re.match(r"[a-z]+:|/|#", address):
            return match[0]
        return f'url("{normpath(PurePosixPath(folder) / address)}")'

    return re.sub(r"url\(([^)]*)\)", moved, css)


def read(path, static):
    """A style sheet, with those that it imports in their places, its addresses from `static` on."""
    css = path.read_text(encoding="utf-8")
    imports = r"""@import\s+(?:url\()?["']?([^"')]+)["']?\)?\s*;"""
    parts = re.split(imports, css)
    for at in range(1, len(parts), 2):
        parts[at] = read((path.parent / parts[at]).resolve(), static)
    folder = path.resolve().relative_to(static.resolve()).parent
    return "".join(part if at % 2 else rebase(part, folder) for at, part in enumerate(parts))


def one_sheet(sheets, names, scripts):
    """The style sheet for pages in which `names` occur, out of sheets in the order of loading."""
    used = set(names) | set(WORD.findall(scripts)) | {"html", "body", "*"}
    rules = purge([rule for css in sheets for rule in parse(css)], used)
    rules = [rule for rule in rules if not rule[0].startswith("@charset")]
    return text(drop_unused(without_scripts(rules), scripts)) + "\n"

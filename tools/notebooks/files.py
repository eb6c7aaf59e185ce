"""Notebooks as files: where they are, what is in them, what each begins with, one form on disk.

The repository's address is named once, under `repository` in `_config.yml`; setup cells and Colab
badges follow from it.
"""

import ast
import html
import re
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).resolve().parents[2]

SETUP = Path(__file__).with_name("setup_cell.txt").read_text(encoding="utf8").rstrip()

# Colab reads the first two: a runtime with a GPU.
METADATA = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
IGNORED = "nbval-ignore-output"
SETUP_TAGS = ("device", "hide-input", IGNORED)  # the site folds the setup cell
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
BY_RULE = {f"by-rule-on-{backend}": backend for backend in BACKENDS}  # nothing is measured there
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def config():
    """Read `_config.yml`."""
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))


def repository():
    """Return the repository's URL and branch."""
    named = config()["repository"]
    return {"url": named["url"], "branch": named["branch"]}


# What of an interactive ledger (lossbook/_interact) is not saved: state, address, script, picture.
LIVE = r' data-(?:state|page)="[^"]*"|<(script|svg) class="lossbook-ledger".*?</\1>'


def notebooks(files=()):
    """Return the paths of the given notebooks, or of all in `book/`."""
    return [Path(f).resolve() for f in files] or sorted((ROOT / "book").glob("*.ipynb"))


def title_of(path):
    """Return the title of a chapter, without what follows a colon."""
    title = read(path).cells[0].source.splitlines()[0].removeprefix("# ")
    return title.partition(":")[0] if len(title) > 30 else title


def chapters():
    """Return file and title of every chapter, by its number: {4: ("04_masks", "Masks"), ...}."""
    return {int(path.stem[:2]): (path.stem, title_of(path)) for path in notebooks()}


def name_of(path):
    """Return a path as a reader would type it: relative to the repository."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def setup_source(repo):
    """Return the setup cell that every notebook begins with."""
    return SETUP.format(**repo)


def badge_url(name, repo):
    """Return the address under which Colab opens the notebook of that repository path."""
    place = repo["url"].removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{place}/blob/{repo['branch']}/{name}"


def read(path):
    """Read a notebook as it is: nothing added, nothing converted, lines of a text joined."""
    return nbformat.v4.reads(Path(path).read_text(encoding="utf8"))


def tags_of(cell):
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def numbered(nb, kind):
    """Yield the cells of a kind with their numbers; all cells are counted, from 1."""
    return ((i, cell) for i, cell in enumerate(nb.cells, start=1) if cell.cell_type == kind)


def code_cells(nb):
    """Return the code cells."""
    return [cell for _, cell in numbered(nb, "code")]


def alt_of(cell):
    """Return the alternative text of the figure that a cell draws."""
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")


def parse(source):
    """Parse a cell, its magics and shell lines left out; nothing where it is no Python."""
    plain = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
    try:
        return ast.parse(plain)
    except SyntaxError:
        return ast.Module([], [])


def visible_text(output):
    """Return what a reader sees of an output: no HTML tags, no colour codes."""
    parts = [ANSI.sub("", output.get("text", ""))]
    for kind, data in output.get("data", {}).items():
        if kind == "text/html":
            data = re.sub(r"<style.*?</style>", "", data, flags=re.DOTALL)
            data = html.unescape(re.sub(r"<[^>]*>", " ", data))
        if kind.startswith("text/"):
            parts.append(ANSI.sub("", data))
    return "\n".join(parts)


def prepare(nb, name, repo):
    """Set what does not depend on a run: cell ids, metadata, setup cell, badge. Changes `nb`."""
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = _metadata(nb)
    kept = ("tags", "mystnb", "myst")
    seen = set()
    for position, cell in enumerate(nb.cells, start=1):
        cell.metadata = nbformat.from_dict(
            {k: cell.metadata[k] for k in kept if k in cell.metadata}
        )
        given = cell.get("id", "")
        valid = re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", given) and given not in seen
        cell.id = given if valid else f"{cell.cell_type}-{position:02}"
        seen.add(cell.id)
    code = code_cells(nb)
    if code and "device" in tags_of(code[0]):
        code[0].source = setup_source(repo)
        code[0].metadata.tags = list(SETUP_TAGS)
    if nb.cells and nb.cells[0].cell_type == "markdown":
        badge = r"https://colab\.research\.google\.com/github/[^)\s\"]*\.ipynb"
        nb.cells[0].source = re.sub(badge, badge_url(name, repo), nb.cells[0].source)
    return nb


def finish(nb):
    """Set what comes from a run: counts 1..n, no stderr, ignored outputs cleared. Changes `nb`."""
    nb.metadata = _metadata(nb)  # the kernel has added its version
    for count, cell in enumerate(code_cells(nb), start=1):
        cell.execution_count = count
        cell.outputs = [] if IGNORED in tags_of(cell) else _outputs(cell.outputs, count)
    return nb


def _metadata(nb):
    """Return what every notebook has, and its own words for search engines."""
    own = {k: nb.metadata[k] for k in ("description", "question") if k in nb.metadata}
    return nbformat.from_dict({**METADATA, **own})


def text(nb):
    """Return a notebook as the text of its file: sorted keys, indent 1, one newline at the end."""
    return nbformat.v4.writes(nb, indent=1).rstrip("\n") + "\n"


def joined(outputs):
    """Return outputs without stderr, and neighbouring pieces of stdout as one."""
    kept = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
                continue
        kept.append(output)
    return kept


def _outputs(outputs, count):
    """Join what was printed, forget what only one run knows."""
    kept = joined(outputs)
    for output in kept:
        if output.output_type == "execute_result":
            output.execution_count = count
        output.pop("transient", None)
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = without_script(output.data["text/html"])
    return kept


def without_script(text):
    """Return the HTML of an interactive ledger as a table alone: no script, no picture.

    nbval leaves out the same (conftest.py): the table stays, with 4 digits.
    """
    return re.sub(LIVE, "", text, flags=re.DOTALL)

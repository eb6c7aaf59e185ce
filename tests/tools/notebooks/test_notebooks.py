"""The rules of a chapter: each passes a good notebook, and names the one thing that was broken."""

import logging
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from myst_nb.core.config import NbParserConfig
from myst_nb.core.execute import create_client
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.notebooks import __main__ as notebooks
from tools.notebooks import runs
from tools.notebooks.exercises import without_solutions
from tools.notebooks.files import (
    IGNORED,
    METADATA,
    ROOT,
    SETUP_TAGS,
    badge_url,
    finish,
    name_of,
    prepare,
    repository,
    setup_source,
    text,
    visible_text,
)
from tools.notebooks.numbers import numbers, shows
from tools.notebooks.rules import About

REPO = {"url": "https://github.com/someone/lossbook", "branch": "main"}
ABOUT = About("book/02_sample.ipynb", REPO)
BADGE = f"[![Open in Colab](badge.svg)]({badge_url(ABOUT.name, REPO)})"
THREAD = "[A user asks](https://github.com/keras-team/keras/issues/1)."
FOLDED = """\
<details><summary>Hint 1</summary>

Count the axes.

</details>
<details><summary>Hint 2</summary>

The last one goes.

</details>
<details><summary>Solution</summary>

```python
answer = (8, 32, 32)
```

</details>"""
ALT = "Bar chart of the loss per class; the fifth bar is the highest."


def code(source, *tags, output="", **metadata):
    outputs = [new_output("stream", text=output)] if output else []
    metadata = {**metadata, **({"tags": list(tags)} if tags else {})}
    return new_code_cell(source, outputs=outputs, metadata=metadata)


def an_exercise():
    return code(
        'answer = ...\nlb.exercises.check("class-axis-1", answer)',
        "exercise",
        output="class-axis-1: not attempted yet.\n",
    )


def good():
    """A notebook that keeps every rule. Its cells are numbered from 1."""
    cells = [
        new_markdown_cell(  # 1
            f"# Sample\n\n{BADGE}\n\n**One sentence.** $L = \\frac{{1}}{{n}}\\sum_i \\ell_i$\n\n"
            "`12 minutes · needs: One number`"
        ),
        code(setup_source(REPO), *SETUP_TAGS),  # 2
        new_markdown_cell("## Step\n\nThe loss is 0.0134 for 327,680 elements."),  # 3
        code("print(loss, n)", output="0.01343 327680\n"),  # 4
        code("assert device(loss) == device(y)\nprint('ok')", output="ok\n"),  # 5
        code("lb.plots.path()", IGNORED, "figure", mystnb={"image": {"alt": ALT}}),  # 6
        code('lb.source("reduce_values")', IGNORED, "source"),  # 7
        code("try:\n    f()\nexcept Exception as e:\n    print(e)", IGNORED, "backend-output"),  # 8
        new_markdown_cell("## Exercises\n\n**1.** Which shape is left?"),  # 9
        an_exercise(),  # 10
        new_markdown_cell(f"{FOLDED}\n\n**2.** And now?"),  # 11
        an_exercise(),  # 12
        new_markdown_cell(f"{FOLDED}\n\n**3. Debug this report.** {THREAD}"),  # 13
        an_exercise(),  # 14
        new_markdown_cell(FOLDED),  # 15
    ]
    return finish(prepare(new_notebook(cells=cells, metadata=METADATA), ABOUT.name, REPO))


def test_a_good_notebook_has_no_problem():
    assert notebooks.problems_of(good(), ABOUT) == []


def edit(number, old="", new="", add="", tags=None, alt=None, **fields):
    """Return a change of one cell: its source, tags, alternative text, or any of its fields."""

    def change(nb):
        cell = nb.cells[number - 1]
        assert old in cell.source
        cell.update(source=cell.source.replace(old, new) if old else cell.source)
        cell.update(source=cell.source + add)
        if tags is not None:
            cell.metadata.tags = tags
        if alt is not None:
            cell.metadata.mystnb.image.alt = alt
        cell.update(fields)

    return change


def prints(text):
    return [new_output("stream", text=text)]


MEASURED = edit(3, add=" **Measured on TensorFlow alone.**")
NOT_TORCH = 'if keras.backend.backend() != "torch":\n    measure()'
STDERR = new_output("stream", name="stderr", text="noise")
ERROR = new_output("error", ename="ValueError", evalue="no", traceback=[])
PICTURE = new_output("display_data", {"image/png": "aGVsbG8=", "text/plain": ""})
STRANGER = setup_source({**REPO, "url": "https://github.com/stranger/lossbook"})

# The changes, and the one problem that is then named: its cell, and how its text begins.
BROKEN = [
    ([edit(4, colour="red")], 0, "not valid nbformat 4.5: Additional properties are not allowed"),
    ([lambda nb: nb.cells.append(nbformat.v4.new_raw_cell("x", id="raw"))], 16, "a raw cell"),
    ([edit(4, execution_count=None)], 4, "execution_count: not in normal form; run make refresh"),
    ([edit(5, execution_count=4)], 5, "execution_count: not in normal form"),
    ([edit(5, outputs=[STDERR])], 5, "outputs: not in normal form"),
    ([edit(5, outputs=[ERROR])], 5, "ends in ValueError; catch the error"),
    (
        [edit(5, outputs=prints("<Axes at 0x7f3c2a1b4d50>"))],
        5,
        "prints '0x7f3c2a1b4d50', which changes from run to run",
    ),
    (
        [edit(5, outputs=prints("/tmp/ipykernel_12/1.py:3: UserWarning"))],
        5,
        "prints '/tmp/ipykernel_12/1.py:3:', which changes",
    ),
    # tags
    ([edit(5, tags=["figur"])], 5, "unknown tag 'figur'"),
    ([edit(5, tags=["nbval-skip"])], 5, "unknown tag 'nbval-skip'"),
    ([edit(5, tags=["raises-exception"])], 5, "unknown tag 'raises-exception'"),
    (
        [MEASURED, edit(5, add="\n" + NOT_TORCH.replace('!= "torch"', '== "tensorflow"'))],
        5,
        "its `if` leaves out JAX, PyTorch; the tags for that are: by-rule-on-jax, by-rule-on-t",
    ),
    (
        [MEASURED, edit(5, add=f"\n{NOT_TORCH}", tags=["by-rule-on-jax"])],
        5,
        "its `if` leaves out PyTorch; the tags for that are: by-rule-on-torch",
    ),
    (
        [edit(5, add=f"\n{NOT_TORCH}\nelse:\n    g()", tags=["by-rule-on-torch"])],
        5,
        "its `if` leaves out no backend; the tags for that are: none",
    ),
    (
        [edit(5, add=f"\n{NOT_TORCH}", tags=["by-rule-on-torch"])],
        5,
        "is not measured everywhere; say above it **Measured on TensorFlow alone:** ...",
    ),
    ([edit(5, add=" # NBVAL_IGNORE_OUTPUT")], 5, "comment NBVAL_IGNORE_OUTPUT steers nbval"),
    (
        [edit(4, tags=[IGNORED], outputs=[]), edit(5, outputs=prints("0.0134 327680"))],
        4,
        "output ignored with 0 reasons",
    ),
    (
        [edit(6, add="; device(y)", tags=[IGNORED, "figure", "device"])],
        6,
        "output ignored with 2 reasons",
    ),
    ([edit(6, tags=["figure"])], 6, "tag 'figure' without 'nbval-ignore-output'"),
    ([edit(6, source="print(loss)")], 6, "tagged 'figure', but it draws nothing"),
    ([edit(8, source="print(loss)")], 8, "tagged 'backend-output', but it catches no error"),
    ([edit(7, source="print(loss)")], 7, "tagged 'source', but it calls no source()"),
    ([edit(6, tags=[IGNORED, "device"])], 6, "tagged 'device', but it calls neither prepare() nor"),
    # outputs that are not compared
    ([edit(6, outputs=prints("gpu:0"))], 6, "outputs: not in normal form"),
    ([edit(5, add=";")], 5, "ends in `;`, which nbval does not honour"),
    ([edit(5, outputs=[PICTURE])], 5, "an image is committed"),
    ([edit(3, attachments={"a.png": {"image/png": "aGVsbG8="}})], 3, "an image is attached"),
    ([edit(7, tags=[])], 7, "shows source text; tag it 'source'"),
    ([edit(6, alt="")], 6, "no alt text; set "),
    ([edit(6, alt="The path")], 6, "alt text 'The path' has fewer than 6 words"),
    ([edit(6, alt="path.png")], 6, "alt text 'path.png' is a file name"),
    (
        [edit(6, alt="Bar chart whose fifth and highest bar is at 0.25.")],
        6,
        "says 0.25, which no output shows",
    ),
    # what every chapter begins with
    ([edit(2, source=STRANGER)], 2, "source: not in normal form"),
    ([edit(2, source="x = 1", tags=[])], 2, "the first code cell must be the setup cell"),
    ([edit(2, tags=[IGNORED, "device"])], 2, "metadata: not in normal form"),
    ([edit(1, BADGE)], 1, "no Colab badge; add [![Open in Colab]("),
    ([edit(1, "02_sample", "03_sample")], 1, "source: not in normal form"),
    ([lambda nb: nb.metadata.pop("accelerator")], 0, "metadata: not in normal form"),
    ([lambda nb: nb.metadata.update(colab={})], 0, "metadata: not in normal form"),
    (
        [edit(5, source="print(device(loss))")],
        0,
        "no compared cell says `assert device(result) == device(input)`",
    ),
    # Markdown
    ([edit(3, add="\n\n```{note}\nHello\n```")], 3, "directive {note}"),
    ([edit(3, add="\n\n:::{tip}\nHello\n:::")], 3, "a colon fence (':::{tip}')"),
    ([edit(3, add="\n\nSee {ref}`class-axis`.")], 3, "role {ref}; write a link"),
    ([edit(3, add="\n\n(class-axis)=\n")], 3, "a MyST target ('(class-axis)=')"),
    ([edit(3, add="\n\n$$\na\n$$ (sum)")], 3, "equation label (sum)"),
    ([edit(3, add="\n\nas said[^1]")], 3, "a footnote ('as said[^1]')"),
    ([edit(3, add="\n\nKeras {{ version }}")], 3, "a substitution"),
    ([edit(3, add="\n\n<div>Hello</div>")], 3, "<div> in Markdown; allowed are details,"),
    ([edit(3, add=" <span>Hello</span>")], 3, "<span> in Markdown"),
    ([edit(3, add="\n\n<!-- later -->")], 3, "an HTML comment in Markdown"),
    ([edit(3, add='\n\n<img src="a.svg">')], 3, "<img> without alt text"),
    ([edit(3, add="\n\n![](a.svg)")], 3, "no alt text"),
    ([edit(3, add="\n\n![a.svg](a.svg)")], 3, "alt text 'a.svg' is a file name"),
    ([edit(3, "## ", "# ")], 3, "a second title (#)"),
    ([edit(3, "## ", "### ")], 3, "heading ### after level 1"),
    ([edit(1, "**")], 1, "no answer; give it as one **bold** sentence"),
    ([edit(1, "$")], 1, "no formula"),
    ([edit(1, "minutes", "min")], 1, "no line such as `12 minutes · needs: "),
    # numbers
    ([edit(3, "0.0134", "0.0135")], 3, "says 0.0135, which no output shows"),
    ([edit(3, "327,680", "327,681")], 3, "says 327,681, which no output shows"),
    ([edit(3, add=" $p > 10^{-7}$")], 3, "says 10^{-7}, which no output shows"),
    ([edit(3, add=" Try `0.75`.")], 3, "says `0.75`, which no output shows and no code cell holds"),
    # exercises
    ([edit(10, tags=[])], 10, "calls exercises.check; tag it 'exercise'"),
    ([edit(10, source="answer = ...")], 10, 'must end with lb.exercises.check("topic-1", answer)'),
    ([edit(10, "...", "(8,)")], 10, "must say `answer = ...`"),
    (
        [edit(11, source="**2.** Think.")],
        10,
        "the next cell must hold three <details>, with the summaries Hint 1, Hint 2, Solution",
    ),
    ([edit(11, "Hint 2", "Hint")], 10, "the next cell must hold three <details>"),
    ([edit(11, "Count the axes.")], 10, "the next cell must hold three <details>"),
    ([edit(11, "answer", "result")], 10, "its solution assigns no `answer`"),
    ([edit(11, "```python", "```text")], 10, "its solution must hold a ```python block"),
    (
        [
            edit(11, source=f"{FOLDED}\n\n**2. Debug this report.** {THREAD}"),
            edit(13, source=FOLDED),
            lambda nb: nb.cells.__delitem__(slice(13, None)),
        ],
        0,
        "2 exercises; a chapter has three or more",
    ),
    ([edit(11, "**2.**", "And")], 11, "say what to do in exercise 2: **2.** ..."),
    (
        [edit(13, THREAD, "A user asks.")],
        0,
        "one exercise starts **4. Debug this report.** and links to its thread",
    ),
]


@pytest.mark.parametrize(
    ("changes", "cell", "says"), BROKEN, ids=[f"{row[2]}-{row[1]}" for row in BROKEN]
)
def test_a_broken_rule_is_the_one_problem(changes, cell, says):
    nb = good()
    for change in changes:
        change(nb)
    (problem,) = notebooks.problems_of(nb, ABOUT)
    assert problem.cell == cell
    assert problem.text.startswith(says)


def test_chapter_1_compares_no_devices():
    nb = good()
    nb.cells[4].source = "print(1)"
    about = About("book/01_sample.ipynb", REPO)
    nb = prepare(nb, about.name, REPO)
    assert notebooks.problems_of(nb, about) == []


def test_a_function_stub_is_an_open_exercise():
    nb = good()
    nb.cells[9].source = 'def answer(y):\n    ...\n\n\nlb.exercises.check("class-axis-2", answer)'
    assert notebooks.problems_of(nb, ABOUT) == []


@pytest.mark.parametrize(
    ("written", "counted"),
    [
        ("0.0134 and .5, then 5.", ["0.0134", ".5"]),
        ("1e-7, $10^{-7}$, 10⁻⁷, 10<sup>-7</sup>", ["1e-7", "10^{-7}", "10^-7"]),
        (r"$2.4 \cdot 10^{-8}$ and $3\times10^{-8}$", ["2.4 × 10^{-8}", "3×10^{-8}"]),
        (r"327,680, $327{,}680$, $327\,680$ and 327680", ["327,680"] * 3 + ["327680"]),
        ("12 minutes, 999 elements, 10^2", []),
        ("shape (4,256,256,5) of float32 on a T4", []),
        ("Keras 3.8, Keras 3.15.1, release 2.2.4, Python 3.11", []),
        ("Keras 3.0 and 3.1, tf.keras to 2.10, Keras from 3.5 on, TF 1.14, 1.15.", []),
        ("Keras 3.8 and 0.25, Keras 3.8 and 3.125, Keras 3.8 to 1.5 %", ["0.25", "3.125", "1.5"]),
        ("(2019), 2026-11-21, #20410, K20410", []),
        ("https://stackoverflow.com/q/52034983", []),
        (r"$\frac{1}{1310720} \approx0.76e-6$", ["1310720", "0.76e-6"]),
        ("0.5,0.25 and 1024px", ["0.5", "0.25", "1024"]),
    ],
)
def test_which_numbers_count(written, counted):
    assert [n.text for n in numbers(written) if n.counts] == counted


@pytest.mark.parametrize(
    ("written", "output", "shown"),
    [
        ("16.12", "16.118", True),
        ("16.11", "16.118", False),
        ("16.1", "[0.5 16.118]", True),
        ("16.1181", "16.118", False),  # more digits than were shown
        ("0.5", "0.4621", False),  # one digit must be exact
        ("0.5", "0.500", True),
        ("0.50", "0.4961", True),
        ("1e-7", "1e-07", True),
        ("1e-7", "0.0000001", True),
        ("1e-7", "1.19e-07", False),
        ("1.2e-7", "1.1920929e-07", True),
        ("99.9 %", "0.9991", True),
        ("99.9 %", "99.91", True),
        ("99.9", "0.999", False),
        ("327,680", "327680", True),
        ("327680", "327,680 elements", True),
        ("327,680", "327679.8", True),
        ("0.25", "-0.25", True),
        ("3.15", "Keras 3.15.1", False),  # a release is no number
    ],
)
def test_what_an_output_shows(written, output, shown):
    (number,) = numbers(written)
    assert shows(numbers(output), number) is shown


def test_colours_hide_no_number():
    output = new_output("stream", text="Params: \x1b[38;5;34m327,680\x1b[0m")
    assert [n.text for n in numbers(visible_text(output))] == ["327,680"]
    output = new_output("display_data", {"text/html": "<b style='width:7.5em'>0.5 &lt; 1</b>"})
    assert [n.text for n in numbers(visible_text(output))] == ["0.5", "1"]


def test_the_normal_form_is_reached_once():
    nb = good()
    nb.nbformat_minor = 4
    nb.metadata = nbformat.from_dict({"toc": {}, "kernelspec": {"name": "venv"}})
    nb.cells[1].source = "old setup"
    nb.cells[0].source = nb.cells[0].source.replace("someone/lossbook", "else/where")
    nb.cells[2].id = nb.cells[3].id = "twice"
    nb.cells[3].metadata = nbformat.from_dict({"execution": {"t": 1}, "collapsed": True})
    nb.cells[3].outputs = [
        new_output("stream", text="0.01343"),
        new_output("stream", name="stderr", text="noise"),
        new_output("stream", text=" 327680\n"),
        new_output("execute_result", {"text/plain": "1"}, execution_count=9),
    ]
    nb.cells[5].outputs = [new_output("display_data", {"image/png": "aGVsbG8="})]
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.execution_count = None

    nb = finish(prepare(nb, ABOUT.name, REPO))
    once = text(nb)
    assert notebooks.problems_of(nb, ABOUT) == []
    assert nb.metadata == METADATA
    assert nb.cells[1].source == setup_source(REPO)
    assert [nb.cells[2].id, nb.cells[3].id] == ["twice", "code-04"]
    assert nb.cells[3].metadata == {}
    assert [o.get("text") for o in nb.cells[3].outputs] == ["0.01343 327680\n", None]
    assert nb.cells[3].outputs[1].execution_count == 2
    assert nb.cells[5].outputs == []
    assert nb.cells[5].metadata.mystnb.image.alt == ALT
    assert once.endswith("}\n") and not once.endswith("\n\n")
    again = finish(prepare(nbformat.v4.reads(once), ABOUT.name, REPO))
    assert text(again) == once


def test_a_file_that_is_no_notebook(tmp_path):
    path = tmp_path / "broken.ipynb"
    path.write_text("{")
    (problem,) = notebooks.check_file(path)
    assert problem.text.startswith("cannot be read as a notebook: ")


@pytest.mark.parametrize("path", notebooks.notebooks(), ids=name_of)
def test_a_chapter_keeps_the_rules(path):
    assert [f"cell {p.cell}: {p.text}" for p in notebooks.check_file(path)] == []


def test_the_address_is_named_once():
    """Setup cells and badges follow from `_config.yml`, and so does this test's reading of it."""
    named = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]
    assert repository() == {"url": named["url"], "branch": named["branch"]}
    assert f"git+{named['url']}@{named['branch']}" in setup_source(repository())


def tool(root, *arguments):
    """Run the command line in a repository."""
    command = [sys.executable, "-m", "tools.notebooks", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory):
    """A repository with our tools and two small notebooks, one of which fails, after `refresh`."""
    root = tmp_path_factory.mktemp("repository")
    for folder in ("book", "lossbook"):
        (root / folder).mkdir()
    for folder in ("tools/notebooks", "tools/website"):
        shutil.copytree(ROOT / folder, root / folder)
    for name in ("tools/__init__.py", "_config.yml", "requirements.txt"):
        shutil.copy(ROOT / name, root / name)
    prints = "print(1)\nprint('noise', file=sys.stderr)\nprint('\\n2')"
    works = [code(f"import sys\n\n{prints}"), code("1 + 1")]
    fails = [code("def f(x):\n    return 1 / x"), code("print(2)\nf(0)")]
    for name, cells in (("works", works), ("fails", fails)):
        nbformat.write(new_notebook(cells=cells), root / "book" / f"{name}.ipynb")
    before = (root / "book" / "fails.ipynb").read_text()
    return root, tool(root, "refresh"), before


def test_refresh_writes_what_works_and_explains_what_fails(refreshed):
    root, done, before = refreshed
    assert done.returncode == 1, done
    assert done.stderr == ""
    assert re.search(r"/2\] book/works.ipynb  \S+ s  refreshed\n", done.stdout)
    assert (
        "FAILED\n  cell 2:\n      print(2)\n    > f(0)\n  ZeroDivisionError: division by zero\n"
    ) in done.stdout
    assert (root / "book" / "fails.ipynb").read_text() == before
    works = nbformat.read(root / "book" / "works.ipynb", as_version=4)
    assert [cell.execution_count for cell in works.cells] == [1, 2]
    assert [output.text for output in works.cells[0].outputs] == ["1\n\n2\n"]


def test_refresh_twice_changes_nothing(refreshed):
    path = refreshed[0] / "book" / "works.ipynb"
    before = path.read_text()
    done = tool(refreshed[0], "refresh", str(path))
    assert done.returncode == 0, done
    assert re.search(r"\[1/1\] book/works.ipynb  \S+ s  unchanged\n", done.stdout)
    assert path.read_text() == before


def test_the_site_finds_the_run_and_starts_no_kernel(refreshed, monkeypatch):
    """The look-up of the site's build, execution made impossible, gives the outputs kept for it."""
    root = refreshed[0]
    path = root / "book" / "works.ipynb"
    monkeypatch.setattr("myst_nb.core.execute.cache.single_nb_execution", None)
    kept = str(root / "_build" / ".jupyter_cache")
    config = NbParserConfig(execution_mode="cache", execution_cache_path=kept)
    logger = logging.getLogger(__name__)
    with create_client(nbformat.read(path, as_version=4), str(path), config, logger) as client:
        outputs = client.notebook.cells[0].outputs
    assert [output.text for output in outputs] == ["1\n\n2\n"]  # in pieces it loses the blank line


def test_a_run_is_stale_when_the_package_changes(refreshed):
    root = refreshed[0]
    works = str(root / "book" / "works.ipynb")
    page = root / "_build" / ".doctrees" / "book" / "works.doctree"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.touch()
    assert "1 with a run that is up to date.\n" in tool(root, "execute", works).stdout
    assert page.exists()
    (root / "lossbook" / "new.py").write_text("x = 1\n")
    done = tool(root, "execute", works)
    assert "0 with a run that is up to date.\n" in done.stdout
    assert "kept for the site" in done.stdout
    assert not page.exists()  # the build writes it anew


def test_a_learners_version_keeps_the_hints():
    left = without_solutions(f"{FOLDED}\n\n**2.** And now?")
    assert "Hint 1" in left and "Hint 2" in left and left.endswith("</details>\n\n**2.** And now?")
    assert "Solution" not in left and "(8, 32, 32)" not in left


def test_a_run_that_nbval_passed_whole_is_kept_for_the_site(monkeypatch):
    kept = []
    monkeypatch.setattr(runs, "Kept", lambda: SimpleNamespace(keep=lambda *run: kept.append(run)))
    nb, output = new_notebook(cells=[code("1 + 1"), code("2 + 2")]), new_output("stream", text="2")
    cells = [(cell, [output]) for cell in nb.cells]
    runs.keep_compared(ROOT / "book" / "a.ipynb", nb, cells[:1], 1.0)  # the second one failed
    runs.keep_compared(ROOT / "elsewhere.ipynb", nb, cells, 1.0)
    assert kept == []
    runs.keep_compared(ROOT / "book" / "a.ipynb", nb, cells, 1.0)
    ((path, run),) = kept
    assert (path.name, run.seconds, run.error) == ("a.ipynb", 1.0, "")
    assert [cell.execution_count for cell in run.nb.cells] == [1, 2]
    assert [cell.outputs for cell in run.nb.cells] == [[output], [output]]
    assert run.nb.metadata.language_info.pygments_lexer == "ipython3"

"""The rules of a chapter: each passes a good notebook, and names the one thing that was broken."""

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.notebooks import __main__ as notebooks
from tools.notebooks.exercises import without_solutions
from tools.notebooks.files import (
    IGNORED,
    METADATA,
    ROOT,
    SETUP_TAGS,
    badge_url,
    finish,
    prepare,
    repository,
    setup_source,
    text,
)
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


def test_the_address_is_named_once():
    """Setup cells and badges follow from `_config.yml`, and so does this test's reading of it."""
    named = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]
    assert repository() == {"url": named["url"], "branch": named["branch"]}
    assert f"git+{named['url']}@{named['branch']}" in setup_source(repository())


def test_a_learners_version_keeps_the_hints():
    left = without_solutions(f"{FOLDED}\n\n**2.** And now?")
    assert "Hint 1" in left and "Hint 2" in left and left.endswith("</details>\n\n**2.** And now?")
    assert "Solution" not in left and "(8, 32, 32)" not in left

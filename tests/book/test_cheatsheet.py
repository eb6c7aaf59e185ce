"""The cheat sheet: its rows say what the rules say, and fit on the page (tools/cheatsheet)."""

from pathlib import Path

import pytest
from docutils import nodes

import lossbook as lb
from tests.tools.website.test_site_finding import document
from tools.cheatsheet import content, sheet
from tools.sphinx_extensions import cheatsheet

BOOK = Path(__file__).parents[2] / "book"


def rows(table):
    return {row[0]: row[1:] for row, _ in table.rows}


def test_a_table_has_a_chapter_for_each_row_that_exists():
    numbers = {int(path.name[:2]) for path in BOOK.glob("[0-9][0-9]_*.ipynb")}
    for table in content.tables():
        assert {chapter for _, chapter in table.rows} <= numbers
        assert {len(row) for row, _ in table.rows} == {len(table.head)}


def test_the_path_is_that_of_the_pictures():
    alt = lb.plots.path().alt
    for name in rows(content.path()):
        assert name.partition("  ")[2] in alt


# four losses 1, 2, 6, 7; then the first two by weights of 0, then by a mask
@pytest.mark.parametrize(
    ("release", "plain", "weights", "mask"),
    [
        ("Keras 3.0 to 3.15", 16 / 4, 3 / 4, 3 / 2),
        ("Keras 2.2.0 to 2.2.5", 16 / 4, (3 / 4) / (2 / 4), (3 / 4) / (2 / 4)),
        ("Keras 2.3", 16 / 4, 3 / 4, 3 / 4),
        ("tf.keras 1.14 to 2.10", 16 / 4, 3 / 4, 3 / 4),
        ("tf.keras 2.11 to 2.15", 16 / 4, 3 / 4, 3 / 2),
        ("PyTorch 2.13", 16 / 4, 3 / 2, 3 / 2),
        ("scikit-learn 1.9.1", 16 / 4, 3 / 2, None),
        ("Transformers 5.23.0", 16 / 4, None, 3 / 2),
    ],
)
def test_the_numbers_of_a_release(release, plain, weights, mask):
    shown = ["–" if number is None else f"{number:.4g}" for number in (plain, weights, mask)]
    assert list(rows(content.rules())[release][1:]) == shown


def test_every_rule_is_in_a_row():
    table = rows(content.rules())
    formulas = {formula.strip("$") for formula, *_ in table.values()}
    assert formulas == {rule.formula for rule in lb.RULES.values()}
    text = " ".join(table)
    for rule in lb.RULES.values():
        assert content.FRAMEWORKS.get(rule.framework, rule.framework) in text
    assert len(table) == len(content.rules().rows), "two rows of one name"


def test_the_reductions_are_those_of_keras():
    assert list(rows(content.reductions())) == [
        *("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none")
    ]
    assert rows(content.reductions())["sum"][1:] == ("16", "3", "3")


def test_the_files_are_the_same_each_time_and_their_text_is_text(tmp_path):
    first = sheet.save(tmp_path / "one", "https://somebody.github.io/lossbook/")
    again = sheet.save(tmp_path / "two", "https://somebody.github.io/lossbook/")
    assert [file.name for file in first] == ["cheatsheet.pdf", "cheatsheet.png"]
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]
    pdf = first[0].read_bytes()
    assert pdf.count(b"/Type /Page ") == 1
    assert b"/ToUnicode" in pdf, "letters that can be selected"
    assert b"/Type3" not in pdf, "no drawings of letters"
    assert sum(file.stat().st_size for file in first) < 500_000


def test_a_sheet_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setitem(content.WORDS, "wish", content.WORDS["wish"] * 2)
    with pytest.raises(ValueError, match=r"ends at \d+ of 842: drop rows"):
        sheet.draw()


def test_the_page_has_the_same_rows_as_tables():
    page = document("# Sheet\n" + cheatsheet.markdown())
    tables = list(page.findall(nodes.table))
    assert len(tables) == len(content.tables())
    for table, wanted in zip(tables, content.tables(), strict=True):
        shown = [[entry.astext() for entry in row] for row in table.findall(nodes.row)]
        assert shown[0] == [*wanted.head, "chapter"]
        for (row, chapter), cells in zip(wanted.rows, shown[1:], strict=True):
            assert cells[0] == row[0]
            assert cells[-1] == str(chapter)
            assert "$" in row[1] or cells[1:-1] == list(row[1:])


def test_the_page_links_to_both_files():
    text = (BOOK / "cheatsheet.md").read_text(encoding="utf-8")
    assert 'href="../cheatsheet.pdf"' in text
    assert 'href="../cheatsheet.png"' in text

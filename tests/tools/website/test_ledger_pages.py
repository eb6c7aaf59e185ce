"""Ledgers on the site and in saved notebooks: one script a page, links that say the truth."""

import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from lossbook._interact.ledger import Ledger, scalar, script
from lossbook._interact.state import parse
from tools.notebooks.files import without_script
from tools.sphinx_extensions import ledger_pages
from tools.website import check as site

ROOT = Path(__file__).resolve().parents[3]
BOOK = ROOT / "book"
STATE = "1~4~none~0.2_0.4_1_2~all~4_1_1_0_0~keras-3.15~mean"


OUTPUT = Ledger(parse(STATE), "Two of four weights are 0")._repr_html_()


def shared(body):
    context = {"body": body, "pathto": lambda name, _: f"../{name}"}
    ledger_pages.share_script(None, "book/page", "page.html", context, None)
    return context["body"]


def test_a_page_loads_the_script_once_whatever_its_ledgers():
    body = shared(f"<p>a</p>{OUTPUT}<p>b</p>{OUTPUT}")
    path = r' data-script="../_static/ledger.js\?v=[0-9a-f]{8}"'
    assert re.findall(rf'<lossbook-ledger id="([\w-]+)"(?:{path})? data-state=', body) == [
        "ledger",
        "ledger-2",
    ]
    assert len(re.findall(path, body)) == 1
    assert "<script" not in body
    assert body.count("<table") == 2


def test_a_page_without_a_ledger_stays_as_it_is():
    assert shared("<p>a</p><script>other()</script>") == "<p>a</p><script>other()</script>"


def test_the_site_serves_the_packages_own_script(tmp_path):
    import yaml

    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
    assert "tools.sphinx_extensions" in config["extensions"]  # sets up all of them
    (tmp_path / "_static").mkdir()
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path)
    ledger_pages.write_script(app, None)
    assert (tmp_path / "_static/ledger.js").read_text(encoding="utf-8") == script()


def rendered(source):
    """The HTML and the complaints of Sphinx about a page with this source."""
    from docutils.core import publish_doctree
    from docutils.parsers.rst import directives, roles

    directives.register_directive("ledger", ledger_pages.LedgerDirective)
    roles.register_local_role("ledger", ledger_pages.LedgerRole())
    document = publish_doctree(source, settings_overrides={"report_level": 5, "halt_level": 6})
    return document


def test_a_directive_and_a_role_for_pages():
    document = rendered(f".. ledger:: {STATE}\n\n   A title & more\n\n:ledger:`try it <{STATE}>`\n")
    (raw,) = document.findall(lambda node: node.tagname == "raw")
    assert f'data-state="{STATE}"' in raw.astext()
    assert "A title &amp; more" in raw.astext()
    assert "<script" not in raw.astext()
    (link,) = document.findall(lambda node: node.tagname == "reference")
    assert (link["refuri"], link.astext()) == (f"#ledger={STATE}", "try it")


@pytest.mark.parametrize("source", [".. ledger:: 1~4", ":ledger:`try it <1~4>`"])
def test_a_state_that_cannot_be_read_fails_the_build(source):
    messages = [
        m.astext() for m in rendered(source).findall(lambda n: n.tagname == "system_message")
    ]
    assert len(messages) == 1
    assert "A state has 8 parts and begins with 1~. Received: '1~4'." in messages[0]


def links():
    """(file, text, state, what the page says it gives) of every link to a state."""
    link = r"\{ledger\}`([^`<]+) <([^`>]+)>`:\s+\*\*([^*]+)\*\*"
    return [
        (path.name, *match)
        for path in sorted(BOOK.glob("*.md"))
        for match in re.findall(link, path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("file", "text", "state", "promised"), links())
def test_a_link_says_what_its_state_gives(file, text, state, promised):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights that meet another axis: the page's subject
        assert scalar(float(parse(state).aggregate().total)) == promised


def test_every_link_is_among_those():
    written = sum(path.read_text(encoding="utf-8").count("{ledger}`") for path in BOOK.glob("*.md"))
    assert written == len(links()) >= 6


def test_the_text_beside_the_links_is_true():
    """Numbers of the page that belong to no link: what happens after one more step."""
    state = dict((text, parse(state)) for _, text, state, _ in links())
    padding = state["Two sentences, two steps of padding"]
    assert padding.values.sum() / padding.values.size == 22 / 8
    recordings = state["Three recordings, three weights"]
    assert np.mean(recordings.values * recordings.weight[:, None]) == pytest.approx(0.4)
    few = state["A weighted mean that is none"]
    assert few.values.max() < 4.125
    assert np.average(few.values, weights=np.tile(few.weight, 3)) == pytest.approx(1.375)
    torch = state["Weights 2, 1, 0, 0 in PyTorch"]
    assert np.mean(torch.values * torch.weight) == pytest.approx(0.2)
    text = (BOOK / "ledger.md").read_text(encoding="utf-8")
    for number in ("22 / 8", "0.4000", "1.375", "0.2000"):
        assert number in text


@pytest.mark.parametrize("name", ["01_one_number", "04_masks", "05_weights", "06_reduction"])
def test_a_saved_ledger_is_a_table_alone(name):
    nb = nbformat.read(BOOK / f"{name}.ipynb", 4)
    (cell,) = [cell for cell in nb.cells if ".interact()" in cell.source]
    (output,) = cell.outputs
    html = output.data["text/html"]
    assert html.startswith("<lossbook-ledger><div")
    assert "<script" not in html and "data-" not in html
    assert html.count("<tr>") == output.data["text/plain"].count("\n") - 4


def test_what_is_not_saved_is_not_compared():
    """nbval leaves out of a fresh output what `make refresh` leaves out of the saved one."""
    conftest = (ROOT / "conftest.py").read_text(encoding="utf-8")
    pattern = re.search(r"^LIVE = r'(.*)'$", conftest, re.MULTILINE)[1]
    saved = without_script(OUTPUT)
    assert saved == re.sub(pattern, "", OUTPUT) != OUTPUT
    assert without_script(saved) == saved
    assert "0.1500" in saved


def test_the_checker_of_the_site_knows_links_to_states(tmp_path):
    page = "<html lang=en><title>{0}</title><h1>{0}</h1>{1}<a href='one.html#ledger=1~2'>x</a>"
    (tmp_path / "one.html").write_text(page.format("one", "<lossbook-ledger id='ledger'>"))
    (tmp_path / "two.html").write_text(page.format("two", ""))
    assert not [p for p in site.check(tmp_path) if "anchor" in p]
    (tmp_path / "one.html").write_text(page.format("one", ""))
    lost = [p for p in site.check(tmp_path) if "anchor" in p]
    assert lost == [
        f"{name}.html: a link leads to no such anchor: one.html#ledger=1~2"
        for name in ("one", "two")
    ]

"""Every link of the book into a source of Keras or TensorFlow leads to the lines that it names.

`make test` has the pinned Keras alone; what older releases say at the linked lines is recorded
(tools/website/permalinks.py).
"""

import json
import re

import pytest

from tools.website import permalinks
from tools.website.permalinks import RECORD, Link, installed, links, links_of_book, shown

LINKS = links_of_book()
RECORDED = json.loads(RECORD.read_text(encoding="utf-8"))
# A word of Keras for the reader, and the function of the release that does it.
MEANT = {"evaluate": "test_loop", "fit": "BaseLogger.on_batch_end"}


def faults(link, recorded=RECORDED):
    """Say what is wrong with a link, in a list."""
    if not link.first:
        return ["no lines: add #L1-L2"]
    if link.url not in recorded:
        return ["not recorded: run -m tools.website.permalinks"]
    found = []
    where, line = recorded[link.url]
    if (file := installed(link)) is not None:
        now = shown(file.read_text(encoding="utf-8"), link.first, link.last)
        if now != [where, line]:
            found.append(f"the lines are {now}, recorded are {[where, line]}")
    names = re.findall(r"`([\w.]+)`", link.text) if re.match(r"`.*`$", link.text) else []
    for name in names + re.findall(r"[\w.]+", link.title):
        spellings = (
            MEANT.get(name, name),
            name.partition(".")[2] or name,
        )  # with a module, or without
        if not any(re.search(rf"\b{re.escape(one)}\b", where) for one in spellings):
            found.append(f"says {name}, leads to {where}")
    return found


@pytest.mark.parametrize("page", sorted({link.page for link in LINKS}))
def test_the_links_of_a_page_lead_to_the_lines_that_they_name(page):
    found = {link.url: faults(link) for link in LINKS if link.page == page and faults(link)}
    assert found == {}


def test_there_are_links_and_no_record_without_one():
    assert len(LINKS) > 140
    assert {link.url for link in LINKS} == set(RECORDED)
    pinned = [link for link in LINKS if installed(link)]
    assert not pinned or len(pinned) > 60  # none where another Keras is installed (make matrix)


GOOD = next(link for link in LINKS if link.text == "`apply_mask`")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"text": "`reduce_values`"}, "says reduce_values, leads to apply_mask"),
        ({"text": "`Loss.call`"}, "says Loss.call, leads to apply_mask"),
        ({"title": "reduce_values"}, "says reduce_values, leads to apply_mask"),
        ({"first": 0}, "no lines"),
        ({"url": "https://github.com/keras-team/keras/blob/v9.9.9/x.py#L1"}, "not recorded"),
        ({"first": GOOD.first + 1}, "the lines are ['in apply_mask', "),
    ],
)
def test_a_wrong_link_is_found(change, fault):
    if "first" in change and installed(GOOD) is None:
        pytest.skip("another Keras than the pinned one")
    assert faults(GOOD) == []
    (found,) = faults(GOOD._replace(**change))
    assert found.startswith(fault)


def test_links_are_read_with_their_words():
    file = "keras/src/losses/loss.py"
    url = f"https://github.com/keras-team/keras/blob/v3.15.1/{file}"
    assert links("page", f'See [`apply_mask`]({url}#L197-L226 "a b"), {url}#L5, {url}.') == [
        Link("page", "`apply_mask`", "a b", f"{url}#L197-L226", "keras", "3.15.1", file, 197, 226),
        Link("page", "", "", f"{url}#L5", "keras", "3.15.1", file, 5, 5),
        Link("page", "", "", url, "keras", "3.15.1", file, 0, 0),
    ]


def test_a_release_without_its_package_is_named(tmp_path, monkeypatch, capsys):
    old = next(link for link in LINKS if link.version == "2.2.4")
    monkeypatch.setattr(permalinks, "links_of_book", lambda: [old])
    assert permalinks.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out == f"{old.page}: {old.url}: no such package\n"


def test_decorated_functions_and_modules():
    source = "import x\n\n\n@x.export\ndef f():\n    return 1\n"
    assert shown(source, 5, 6) == ["f", "def f():"]
    assert shown(source, 4, 6) == ["f", "@x.export"]
    assert shown(source, 1, 1) == ["in the module", "import x"]

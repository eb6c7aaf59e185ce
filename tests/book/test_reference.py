"""Every public name of the package has its place in the reference, made from its docstring."""

import re
from pathlib import Path

import pytest

import lossbook as lb

PAGES = Path("book/api")
WRITTEN = {path.stem: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
MADE = re.findall(r"^\.\. (?:auto\w+|py:data):: ([\w.]+)$", "\n".join(WRITTEN.values()), re.M)


@pytest.mark.parametrize("name", lb.__all__)
def test_a_public_name_has_its_place(name):
    named = "explain.callback" if name == "ExplainCallback" else name  # which makes it
    assert f"lossbook.{named}" in MADE


def test_every_page_stands_in_the_contents_and_on_the_first():
    contents = Path("_toc.yml").read_text(encoding="utf-8")
    for page in WRITTEN:
        assert f"file: book/api/{page}\n" in contents
        assert page == "index" or f"({page}.md)" in WRITTEN["index"]

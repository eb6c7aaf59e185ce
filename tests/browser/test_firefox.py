"""The numbers of what moves, once more in Firefox: ledger and budget bar, and the islands."""

from dataclasses import replace

import numpy as np
import pytest

from lossbook._interact.state import rule_of
from tests.browser import test_islands as islands
from tests.browser.firefox import Firefox
from tests.browser.ledger.cases import READ, compare, draw
from tests.browser.walk import walk

WAIT = """async (selector) => {
  for (let i = 0; i < 200; i++) {
    if (document.querySelector(selector)) return true;
    dispatchEvent(new Event("pointermove"));
    await new Promise(done => setTimeout(done, 50));
  }
  return false;
}"""


@pytest.fixture(scope="module")
def firefox():
    with Firefox() as started:
        yield started


def test_the_ledger_and_its_budget_bar(firefox, site):
    firefox.goto(f"{site}/book/ledger.html")
    assert firefox.evaluate(WAIT, "lossbook-ledger:defined")
    rng = np.random.default_rng(islands.SEED)
    states = [draw(rng) for _ in range(islands.STATES)]
    texts = [f"ledger={replace(one, rule=rule_of(one.rule)).text()}" for one in states]
    for state, shown in zip(states, walk(firefox, "lossbook-ledger", READ, texts), strict=True):
        assert shown["said"] == ""
        compare(shown, state)


def test_the_islands(firefox, site):
    firefox.goto(f"{site}/book/index.html")
    assert firefox.evaluate(WAIT, "#forgotten[data-alive]")
    read = islands.walked(firefox, "forgotten", islands.walk_of_forgotten())
    for state, shown in zip(islands.states_of_forgotten(), read, strict=True):
        islands.check_forgotten(shown, state)
    stages = islands.states_of_stages()
    for at, shown in zip(stages, islands.walked(firefox, "stages", stages), strict=True):
        islands.check_stages(shown, at)
    firefox.goto(f"{site}/book/10_mean_of_means.html")
    assert firefox.evaluate(WAIT, "#means[data-alive]")
    read = islands.walked(firefox, "means", map("_".join, islands.walk_of_means()))
    for state, shown in zip(islands.walk_of_means(), read, strict=True):
        islands.check_means(shown, *state)

"""The numbers of what moves, once more in Firefox: ledger and budget bar, and the islands."""

from dataclasses import replace

import numpy as np
import pytest

from lossbook._interact.state import rule_of
from tests.browser import test_islands as islands
from tests.browser.firefox import Firefox
from tests.browser.ledger_cases import READ, compare, draw

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
    for _ in range(islands.STATES):
        state = draw(rng)
        text = f"ledger={replace(state, rule=rule_of(state.rule)).text()}"
        firefox.evaluate(islands.SET, text)
        shown = firefox.evaluate(f"() => ({READ})(document.querySelector('lossbook-ledger'))")
        assert shown["said"] == ""
        compare(shown, state)


def test_the_islands(firefox, site):
    def read(name):
        return firefox.evaluate(f"() => ({islands.READ})(document.querySelector('#{name}'))")

    firefox.goto(f"{site}/book/index.html")
    assert firefox.evaluate(WAIT, "#forgotten[data-alive]")
    for share, found, place in islands.states_of_forgotten():
        weight = float(f"{10 ** (place / 20):.2g}")
        firefox.evaluate(islands.SET, f"forgotten={share}_{found}_{weight:g}")
        islands.check_forgotten(read("forgotten"), (share, found, place))
    walk = islands.states_of_stages()
    for at, shown in zip(walk, firefox.evaluate(islands.WALK, ["stages", walk]), strict=True):
        islands.check_stages(shown, at)
    firefox.goto(f"{site}/book/10_mean_of_means.html")
    assert firefox.evaluate(WAIT, "#means[data-alive]")
    for n, batches in enumerate(islands.states_of_means()):
        width = ("rows", "steps")[n % 2]
        firefox.evaluate(islands.SET, f"means={batches}_{width}")
        islands.check_means(read("means"), batches, width)

"""trace.interact() without a browser: its table, its state, its limits, what it escapes."""

import dataclasses
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

import lossbook as lb
from lossbook._interact import state as states
from lossbook._interact.ledger import SCRIPT, Ledger, brief, fraction, scalar, script
from tests.browser.ledger import cases as ledger_cases

Y_TRUE = np.array([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, 0.0]]])
Y_PRED = np.array([[[0.9, 0.2], [0.4, 0.5]], [[0.8, 0.6], [0.1, 0.3]]])


class Table(HTMLParser):
    """The cells of a table by row, its caption, and what is no table."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.scopes, self.caption, self.inside = [], [], [], "", ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.inside = tag
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")
            if tag == "th":
                self.scopes.append(dict(attributes).get("scope"))

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "caption":
            self.caption += data
        elif self.inside in ("th", "td"):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("weight", [None, [[2.0], [1.0]], [2.0, 1.0]])
def test_the_table_holds_the_numbers_of_the_trace(weight):
    mask = np.array([[True, True], [True, False]])
    rule = "keras-3" if np.ndim(weight) != 1 else "tf.keras-2.11"  # where (2,) is per sample
    trace = lb.trace("bce", Y_TRUE, Y_PRED, weight, mask, rule=rule)
    ledger = trace.interact()
    table = Table(ledger.static_html())
    assert table.caption == f"binary_crossentropy, reduction sum_over_batch_size, rule {rule}"
    assert table.scopes == ["col"] * len(table.rows[0]) + ["row"] * 4
    assert table.rows[0] == [
        *("sample", "position", "mask", "class 0", "class 1", "value"),
        *(["weight"] if weight is not None else []),
        *("coefficient", "contribution"),
    ]
    for row, (sample, position) in zip(table.rows[1:], np.ndindex(2, 2), strict=True):
        assert row[:3] == [str(sample), str(position), str(bool(mask[sample, position]))]
        here = (sample, position)
        shown = [float(text) for text in row[3:6]]
        wanted = [*trace.elementwise[here], trace["values"].value[here]]
        np.testing.assert_allclose(shown, wanted, rtol=6e-4)
        top, _, under = row[-2].partition("/")
        coefficient = trace.coefficients[here]
        np.testing.assert_allclose(float(top) / float(under or 1), coefficient[0], rtol=1e-6)
        assert coefficient[0] == coefficient[1]
        contribution = trace.contributions[here].sum()
        np.testing.assert_allclose(float(row[-1]), contribution, rtol=6e-4)
        if weight is not None:
            assert float(row[-3]) == np.ravel(weight)[sample]
    # Every line of the text is in the HTML as well.
    lines = [line.split("  ") for line in repr(ledger).splitlines()]
    for row in table.rows:
        assert row in [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert repr(ledger).splitlines()[-1].endswith(f" / 3 = {trace.total:#.4g}")


def test_the_axis_of_the_classes_may_be_any():
    loss, swapped = "categorical_crossentropy", [a.swapaxes(1, 2) for a in (Y_TRUE, Y_PRED)]
    moved = lb.trace(loss, *swapped, axis=1).interact()
    plain = lb.trace(loss, Y_TRUE, Y_PRED).interact()
    assert repr(moved) == repr(plain)
    assert plain.state.class_axis == "sum"


def test_ignored_classes_are_a_mask():
    labels, p = np.array([[0, 1, 2]]), np.full((1, 3, 3), 1 / 3)
    trace = lb.trace("sparse_categorical_crossentropy", labels, p, ignore_class=1)
    state = trace.interact().state
    assert state.mask.tolist() == [[True, False, True]]
    assert state.class_axis == "none"
    both = lb.trace(
        "sparse_categorical_crossentropy", labels, p, mask=[[True, True, False]], ignore_class=1
    )
    assert both.interact().state.mask.tolist() == [[True, False, False]]
    assert both.mask.tolist() == [[True, False, False]]


def test_no_reduction_no_total():
    ledger = lb.trace("mae", [[1.0], [2.0]], [[0.0], [0.0]], reduction=None).interact()
    assert repr(ledger).endswith("\ntotal = array of shape (2,): nothing is added up")


def test_what_users_name_is_escaped():
    evil = "<img src=x onerror=alert(1)>\"'&"
    trace = lb.trace("mae", [[1.0]], [[0.0]])
    html = Ledger(trace.interact().state, evil)._repr_html_()
    assert "<img" not in html.replace(script(), "")
    assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;" in html
    state = dataclasses.replace(trace.interact().state, reduction='"><script>alert(1)</script>')
    with pytest.raises(ValueError, match="reduction"):
        Ledger(state, "")._repr_html_()


def test_the_output_of_a_notebook_is_whole():
    """Jupyter, VS Code and Colab fetch nothing: the script is in the output, once."""
    html = lb.trace("bce", Y_TRUE, Y_PRED).interact()._repr_html_()
    assert html.count(script()) == html.count("<script") == html.count("</script>") == 1
    assert re.search(r'<lossbook-ledger data-state="1~2x2x2~mean~[\w.~-]+"', html)
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", html)


def test_the_script_is_small_plain_and_ships_with_the_package():
    for name in SCRIPT:
        assert files("lossbook").joinpath(f"_interact/script/{name}").is_file()
    code = script()
    assert len(code.encode()) < 36 * 1024
    for word in ("</script", "<!--", "http", "import ", "import(", "fetch", "XMLHttp", "eval("):
        assert word not in code, word
    # What moves, moves for those alone who don't mind.
    moving = re.sub(r"@media\(prefers-reduced-motion:no-preference\)\{.*?\}\}", "", code)
    assert not re.search("transition|animation", moving)
    assert max(map(len, code.splitlines())) <= 100  # written for readers, not minified


def test_the_ledgers_rules_are_those_of_the_catalogue():
    """Each stands for families that lossbook cannot tell apart either; three are left out."""
    families = [family for several in states.RULES.values() for family in several]
    assert len(families) == len(set(families))
    left_out = {"tf.keras-1.13", "tf.keras-1.13-class", "tf.keras-1.14"}
    assert set(families) == set(lb.RULES) - left_out
    listed = re.findall(r'^  "([\w.-]+)": \["([^"]+)",', script(), re.MULTILINE)
    assert [name for name, _ in listed] == list(states.RULES)
    for name, text in listed:
        framework = lb.RULES[name].framework
        assert text.lower().startswith(framework.lower()), name
        if framework in ("keras", "tf.keras"):
            first, last = (lb.RULES[states.RULES[name][i]].versions for i in (0, -1))
            printed = re.findall(r"\d[\d.]*", text)
            assert printed[0] == re.findall(r"\d[\d.]*", first)[0], name
            assert printed[-1] == re.findall(r"\d[\d.]*", last)[-1], name


@pytest.mark.parametrize("name", [name for name in states.RULES if len(states.RULES[name]) > 1])
def test_families_under_one_name_agree(name):
    rng, compared = np.random.default_rng(7), 0
    for _ in range(300):
        state = ledger_cases.draw(rng)
        drawn = [
            ledger_cases.expected(dataclasses.replace(state, rule=family))
            for family in states.RULES[name]
        ]
        assert len({one is None for one in drawn}) == 1, state.text()
        for other in drawn[1:] if drawn[0] is not None else ():
            compared += 1
            for key in ("coefficients", "total", "denominator"):
                np.testing.assert_allclose(other[key], drawn[0][key], rtol=1e-6, atol=2e-7)
    assert compared > 30


@pytest.mark.parametrize("seed", range(50))
def test_the_text_of_a_state_says_all_of_it(seed):
    state = ledger_cases.draw(np.random.default_rng(seed))
    state = dataclasses.replace(state, rule=states.rule_of(state.rule))
    text = state.text()
    assert re.fullmatch(r"[\w.~-]+", text)  # nothing that an address has to escape
    again = states.parse(text)
    assert again.text() == text
    np.testing.assert_array_equal(again.losses, state.losses)
    np.testing.assert_array_equal(again.values, state.values)


def traced(shape, **options):
    y = np.zeros(shape)
    return lb.trace("mae", y, y + 1, **options)


TOO_MUCH = {
    "a loss without elements": lambda: lb.trace("dice", Y_TRUE, Y_PRED),
    "too many elements": lambda: traced((3, 10, 7)),
    "images": lambda: traced((2, 3, 3, 2)),
    "a single number": lambda: traced(3),
    "a rule that it lacks": lambda: traced((1, 1), rule="tf.keras-1.13"),
    "a mask of counts": lambda: traced((2, 3, 1), mask=[[1, 2, 0], [1, 1, 1]]),
    "weights that repeat values": lambda: traced((2, 3, 1), sample_weight=np.ones((2, 2, 3))),
}


@pytest.mark.filterwarnings("ignore:mask holds other numbers", "ignore:.*every value counts 2")
@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_a_ledger_cannot_show_is_said_with_a_way_out(name, snapshot):
    with pytest.raises(ValueError) as raised:
        TOO_MUCH[name]().interact()
    assert str(raised.value) == snapshot


@pytest.mark.parametrize(
    ("shape", "mended"),
    [((), (2, 3)), ((3,), (2, 3)), ((1, 3), (2, 3)), ((2, 1), (2, 1)), ((2, 3, 1), (2, 3))],
)
def test_weights_of_other_shapes_are_stretched_where_that_is_the_same(shape, mended):
    y, weight = np.zeros((2, 3, 1)), np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    trace = lb.trace("mae", y, y + 1, weight)
    state = trace.interact().state
    assert state.weight.shape == mended
    np.testing.assert_allclose(state.aggregate().total, trace.total, rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2~1~none~1~all~none~keras-3~sum", "A state has 8 parts and begins with 1~"),
        ("1~1~none~1~all~none~keras-3", "A state has 8 parts and begins with 1~"),
        ("1~1~median~1~all~none~keras-3~sum", "The class axis is mean, sum or none"),
        ("1~2~none~1~all~none~keras-3~sum", "An array of shape (2,) has not 1 numbers."),
        ("1~1~none~1~all~none~keras-9~sum", "Unknown rule 'keras-9'"),
        ("1~1~none~1~all~none~tf.keras-1.14~sum", "The interactive ledger has no rule"),
    ],
)
def test_a_text_that_is_no_state(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        states.parse(text)


def test_numbers_are_short():
    numbers = [0, 2, -3.0, 0.25, 1 / 3, 1669.2, 12345.6, 1e6, 3e-7, -2.5e-10, np.inf, -np.inf]
    assert [brief(x) for x in (*numbers, np.nan)] == [
        *("0", "2", "−3", "0.2500", "0.3333", "1669", "1.235e4", "1.000e6", "3.000e−7"),
        *("−2.500e−10", "∞", "−∞", "NaN"),
    ]
    assert [fraction(x) for x in (0.25, 1 / 3, -5 / 12, 0.0, 2.0, 13 / 17, 0.1234, np.nan)] == [
        *("1/4", "1/3", "−5/12", "0", "2", "0.7647", "0.1234", "NaN"),
    ]
    assert [scalar(x) for x in (2.0, 0.0, 999.0, 1000.0, -0.5, np.nan)] == [
        *("2.000", "0.000", "999.0", "1000", "−0.5000", "NaN"),
    ]

"""The one style sheet: what stays, what goes, what comes a second time."""

import pytest

from tools.website.styles import (
    asked,
    declarations,
    one_sheet,
    parse,
    read,
    rebase,
    selectors,
    text,
)


def sheet(css, *names, scripts=""):
    return one_sheet([css], {"p", "html", "body", *names}, scripts).strip()


def test_css_is_split_and_put_together():
    css = """@charset "utf-8"; /* {not} a rule; */
    .a , p > b { color : red ; background: url(data:x;y) }
    @media (min-width: 1px) { .a { top: 0 } @supports (x: y) { b { left: 0 } } }
    @font-face { font-family: "A;{B" }
    @keyframes turn { from { top: 0 } to { top: 1px } }"""
    assert parse(css) == [
        ('@charset "utf-8"', None),
        (".a , p > b", "color:red;background:url(data:x;y)"),
        ("@media (min-width: 1px)", [(".a", "top:0"), ("@supports (x: y)", [("b", "left:0")])]),
        ("@font-face", 'font-family:"A;{B"'),
        ("@keyframes turn", "from{top:0}to{top:1px}"),
    ]
    assert parse(text(parse(css))) == parse(css)


def test_a_semicolon_in_a_text_ends_nothing():
    body = "--icon:url(\"data:image/svg+xml;x(y);z\");top:0;content:';'"
    assert declarations(body) == [
        '--icon:url("data:image/svg+xml;x(y);z")',
        "top:0",
        "content:';'",
    ]


def test_selectors_are_split_at_outer_commas():
    assert selectors(':is(a, b) c, [x="1,2"] d,e') == [":is(a, b) c", '[x="1,2"] d', "e"]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("p", {"p"}),
        ("DIV.math > a#top::before", {"div", "math", "a", "top"}),
        (".a:not(.b, .c:hover) ~ li:nth-child(2n+1)", {"a", "li"}),
        ("html:is(.x, :not(.y)) [data-mode=dark] b", {"html", "b"}),
        (r".md\:grid-2", {"md:grid-2"}),
        ("*", set()),
        (":root", set()),
    ],
)
def test_a_selector_asks_for_names(selector, names):
    assert asked(selector) == names


def test_rules_that_nothing_on_the_site_meets_go():
    assert sheet(".a,.b{top:0}.b{left:0}@media print{.b{top:1px}}", "a") == ".a{top:0}"


def test_a_name_that_a_script_knows_stays():
    css = "p.shown{top:0}"
    assert sheet(css) == ""
    assert sheet(css, scripts="element.classList.add('shown')") == css


def test_unused_properties_frames_and_fonts_go_one_after_another():
    css = """:root{--used:1px;--first:var(--second);--second:2px;--by-script:3px}
    p{top:var(--used);animation:turn 1s;font-family:Kept}
    @keyframes turn{from{top:0}} @keyframes stay{from{top:0}}
    @font-face{font-family:"Kept";src:url(k)} @font-face{font-family:"Lost";src:url(l)}"""
    made = sheet(css, scripts="style.setProperty('--by-script', 1)")
    assert made == (
        ":root{--used:1px;--by-script:3px}\np{top:var(--used);animation:turn 1s;font-family:Kept}\n"
        '@keyframes turn{from{top:0}}\n@font-face{font-family:"Kept";src:url(k)}'
    )


def test_what_the_icon_font_drew_goes():
    assert sheet(r"p{top:0}p::after{font-family:Font Awesome\ 6 Free}") == "p{top:0}"
    assert sheet("p{top:0}p::before{font:var(--fa-font-solid)}") == "p{top:0}"


def test_modes_come_again_for_readers_without_scripts():
    made = sheet('html[data-theme="dark"] p,p{color:white}html[data-theme=light]{color:black}')
    assert made.splitlines() == [
        'html[data-theme="dark"] p,p{color:white}',
        "@media (prefers-color-scheme: dark){html:not([data-theme]) p{color:white}}",
        "html[data-theme=light]{color:black}",
        "@media (prefers-color-scheme: light){html:not([data-theme]){color:black}}",
    ]


def test_addresses_count_from_the_common_folder():
    css = 'a{b:url(../x.png) url("y.svg") url(data:z) url(#t) url(https://h/i)}'
    assert rebase(css, "styles") == (
        'a{b:url("x.png") url("styles/y.svg") url(data:z) url(#t) url(https://h/i)}'
    )


def test_imported_sheets_stand_in_their_place(tmp_path):
    (tmp_path / "styles").mkdir()
    (tmp_path / "basic.css").write_text("p{top:0}")
    (tmp_path / "other.css").write_text("p{left:0}")
    (tmp_path / "styles/theme.css").write_text(
        '@import "../basic.css"; @import url(../other.css);p{src:url(a)}'
    )
    made = read(tmp_path / "styles/theme.css", tmp_path)
    assert made.replace(" ", "") == 'p{top:0}p{left:0}p{src:url("styles/a")}'


def test_the_same_pages_give_the_same_sheet():
    names = [f"c{i}" for i in range(50)]
    css = "".join(f".c{i}{{top:{i}px}}" for i in range(60))
    assert sheet(css, *names) == sheet(css, *reversed(names))
    assert sheet(css, *names).count("top") == 50

"""How an identified number looks: sentences, a list for the terminal, HTML for the notebook."""

import math
from html import escape

_SHOWN = 3  # of what comes to the same, so many are written out


def sentence(lead, formula, keras=None):
    """Say what a candidate does, in the words of a formula with the same coefficients.

    `keras` is the formula of the installed Keras, to say what that does otherwise.
    """
    own = f"Its formula is its own: see lb.RULES[{lead.rule!r}].formula."
    parts = [own] if lead.rule else []
    if formula.product:
        parts = [f"The sum of {formula.product}, divided by {_divisor(formula)}."]
    parts += dict.fromkeys((*lead.notes, *formula.notes))
    if keras is not None and formula.product:
        name = "Its default reduction" if lead.rule == keras.rule else keras.rule
        if formula.divisor != keras.divisor:
            parts.append(f"{name} divides by {_divisor(keras)}.")
        elif formula.product != keras.product:
            parts.append(f"{name} adds up {keras.product}.")
        elif formula.batch_size != keras.batch_size:
            rows = f"batches of {keras.batch_size}" if keras.batch_size else "all rows"
            parts.append(f"{name} does so for {rows}.")
    return " ".join(parts)


def _divisor(formula):
    if not formula.divisor:
        return "nothing"
    number = "" if formula.denominator is None else f", {formula.denominator:.6g}"
    return f"{formula.divisor}{number}"


def identified_text(identified):
    """Return the matches as a numbered list, or the nearest of what does not match."""
    lines = [_head(identified)]
    for n, match in enumerate(identified.matches, start=1):
        lines.append(f"{n}. {_title(match)}")
        lines += [f"   {line}" for line in _lines(match)]
    if not identified.matches and identified.nearest:
        lines.append(f"Nearest: {_title(identified.nearest)}")
        lines += [f"   {line}" for line in _lines(identified.nearest)]
    return "\n".join([*lines, *_factor(identified)])


def identified_html(identified):
    """Return the same as static HTML: no scripts, colours of the page around it."""
    matches = identified.matches or [m for m in [identified.nearest] if m]
    items = "".join(
        f"<li><strong>{escape(_title(match))}</strong><br>"
        + "<br>".join(escape(line) for line in _lines(match))
        + "</li>"
        for match in matches
    )
    kind = "ol" if identified.matches else "ul"
    near = "" if identified.matches or not matches else "<p>Nearest:</p>"
    last = "".join(f"<p>{escape(line)}</p>" for line in _factor(identified))
    return (
        f'<div class="lossbook"><p>{escape(_head(identified))}</p>{near}'
        f"<{kind}>{items}</{kind}>{last}</div>"
    )


def _head(identified):
    number, count = f"{identified.value:.8g}", len(identified.matches)
    known = f"{number} ± {identified.tolerance:.2g}"
    by_chance = sum(match.by_chance for match in identified.matches)
    facts = count - by_chance
    fit = "choices of coefficients fit"
    said = "nothing that we know makes this number."
    if facts:
        said = "one choice of coefficients fits" if facts == 1 else f"{facts} {fit}"
        said += f", {by_chance} more perhaps by chance." if by_chance else "."
    elif by_chance:
        said = "one choice of coefficients fits" if by_chance == 1 else f"{by_chance} {fit}"
        said += ", perhaps by chance."
    if count > 1 or by_chance:
        said += " More digits, or other data, tell more."
    if identified.ignored:
        said += f" Ignored beside values: {', '.join(identified.ignored)}."
    return f"{known}: {said}"


def _title(match):
    name = "no rule, but a usual slip" if match.rule is None else f"{match.rule}, {match.reduction}"
    off = match.relative_error
    far = "" if not 1e-9 < off < math.inf else f", off by {100 * off:.2g} %"
    return f"{name}: {match.value:.6g}{far}"


def _lines(match):
    """Say what a match does, and what else comes to the same."""
    yield match.sentence
    if match.indistinguishable:
        reductions = {}
        for rule, reduction in match.indistinguishable:
            reductions.setdefault(reduction, []).append(rule)
        named = "; ".join(f"{', '.join(rules)} ({name})" for name, rules in reductions.items())
        yield f"Indistinguishable on this data: {named}."
    for other in match.also[:_SHOWN]:
        yield f"The same here: {other}"
    if len(match.also) > _SHOWN:
        yield f"And {len(match.also) - _SHOWN} more come to the same here."
    if match.also and (match.slips or any("plain factor" in also for also in match.also)):
        yield "With these counts they coincide: the number cannot tell which of them it is."
    if match.by_chance:
        yield (
            f"Perhaps by chance: of numbers with these digits, {100 * match.chance:.3g} % fit "
            "something that assumes no more."
        )


def _factor(identified):
    """Say by which factor the number differs from Keras's, if nothing explains it."""
    keras = identified.keras
    if identified.matches or keras is None or not math.isfinite(identified.value):
        return
    if math.isfinite(keras.value) and keras.value != 0:
        factor = identified.value / keras.value
        yield (
            f"{keras.rule} makes {keras.value:.6g} of this data: the number is {factor:.4g} times "
            f"that, or that {'plus' if factor > 1 else 'minus'} "
            f"{abs(identified.value - keras.value):.4g}."
        )

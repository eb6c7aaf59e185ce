"""What moved between two releases of Keras, in the book's words: no traceback, no test names.

A case is what it was if it prints the same number, to float32 rounding, or refuses as before. What
moved belongs to a rule: a sentence of the chapter that teaches it.
"""

from dataclasses import dataclass

from records.atlas import alike
from tools.notebooks.files import ROOT, chapter_title

# topic: (its rule, the chapters that teach it, how the names of its cases begin)
TOPICS = {
    "elementwise": (
        "a probability is clipped before the logarithm, a logit is not",
        ("02_elementwise",),
        ("bce", "cce", "scce", "f16"),
    ),
    "smoothing": (
        "label smoothing shares its part among as many classes as the last axis has",
        ("02_elementwise",),
        ("smooth",),
    ),
    "class axis": (
        "a loss function reduces the class axis: by the mean, or crossentropies by the sum",
        ("03_class_axis",),
        ("loss", "seed"),
    ),
    "masks": (
        "a mask takes the padding out of the sum and out of the denominator",
        ("04_masks",),
        ("mask", "ignore"),
    ),
    "passing masks": (
        "a layer that keeps the steps passes the mask on to the loss",
        ("04_masks", "13_your_model"),
        ("through",),
    ),
    "weights": (
        "Keras divides by how many values there are, not by how much they weigh",
        ("05_weights",),
        ("sw", "cw"),
    ),
    "reduction": (
        "a reduction adds up all weighted values and divides once",
        ("06_reduction",),
        ("red",),
    ),
    "outputs": (
        "the total is the sum of the output losses, each times its loss weight",
        ("07_outputs",),
        ("two", "three", "one"),
    ),
    "lines of outputs": (
        "the line of an output is before its loss weight; TensorFlow counts each batch once",
        ("07_outputs",),
        (),
    ),
    "additional losses": (
        "penalties and add_loss join the loss of every batch",
        ("08_additional_losses",),
        ("reg", "add"),
    ),
    "epochs": (
        "the loss of an epoch is the mean of its batch losses, each counted by its rows",
        ("09_epochs",),
        ("epoch",),
    ),
    "calls for one batch": (
        "a call for one batch returns the loss of that batch alone",
        ("09_epochs",),
        (),
    ),
    "custom losses": (
        "a loss returns a value for each position, and targets get the rank of predictions",
        ("11_custom_losses",),
        ("custom", "target"),
    ),
    "regions": (
        "Dice and Tversky are ratios; in Tversky alpha weighs the missed, beta the false",
        ("10_mean_of_means", "11_custom_losses"),
        ("region",),
    ),
}
ATLAS = "15_atlas"


@dataclass(frozen=True)
class Move:
    """A number that is another one now: None stands for a refusal, or for what is not logged."""

    case: str
    title: str
    topic: str
    methods: tuple
    old: object
    new: object
    alike: str = ""  # the releases that print the new number as well


def topic_of(case, methods=()):
    """Return the topic of a case, by how its name begins; some methods are a topic of their own."""
    if methods and all("calls" in method for method in methods):
        return "calls for one batch"
    if methods and all(" " in method for method in methods):
        return "lines of outputs"
    prefix = case.partition("-")[0]
    return next(topic for topic, (_, _, known) in TOPICS.items() if prefix in known)


def same(one, other):
    """Say whether two outcomes are the same number, or numbers, up to rounding; or both refuse."""
    return one is other if one is None or other is None else alike.same(one, other)


def numbers(cell):
    """Return {"METHOD" or "METHOD NAME IN THE LOG": number, None where refused} of a case."""
    found = {}
    for methods, outcome in cell.items():
        for method in methods.split():
            if "error" in outcome:
                found[method] = None
            elif "calls" in outcome:
                found[method] = [call["loss"] for call in outcome["calls"]]
            else:
                found[method] = outcome["loss"]
                logs = outcome.get("logs", {})
                found |= {f"{method} {name}": number for name, number in logs.items()}
    return found


def moves(before, after, titles, others=()):
    """Return the Moves from one run of the cases to another, both {case: {methods: outcome}}.

    `others` are further runs, {release: such a run}: they say who prints the new number as well.
    """
    found = []
    for case in before:
        if case not in after:
            continue
        old, new, groups = numbers(before[case]), numbers(after[case]), []
        for method in dict.fromkeys([*old, *new]):
            pair = old.get(method), new.get(method)
            if same(*pair):
                continue
            if method.partition(" ")[0] != method and None in pair:
                continue  # no line of a log where the whole is refused
            group = next(
                (g for g in groups if same(g[0][0], pair[0]) and same(g[0][1], pair[1])), None
            )
            if group is None:
                groups.append((pair, [method]))
            else:
                group[1].append(method)
        for (was, now), methods in groups:
            alike = alike_in(others, case, methods[0], now)
            topic = topic_of(case, methods)
            found.append(Move(case, titles[case], topic, tuple(methods), was, now, alike))
    return found


def alike_in(others, case, method, number):
    """Say which of some other runs print a number for a case, in words."""
    from lossbook.atlas import spans

    if number is None:
        return ""
    names = [
        release
        for release, results in dict(others).items()
        if case in results and same(numbers(results[case]).get(method), number)
    ]
    return spans(names) if names else ""


def shown(number):
    """Return a number with 4 digits (more where a list), or what stands for none."""
    if number is None:
        return "refused"
    return " ".join(f"{one:#.4g}" for one in alike.flat(number))


def pair(move):
    """Return old and new, with as many digits as it takes to tell them apart."""
    old, new = shown(move.old), shown(move.new)
    if old == new:
        old, new = (" ".join(f"{one:.9g}" for one in alike.flat(n)) for n in (move.old, move.new))
    return old, new


def called(methods):
    """Return "b_loss of evaluate, fit" for ("evaluate b_loss", "fit b_loss")."""
    names = {}
    for method in methods:
        method, _, name = method.partition(" ")
        names.setdefault(name, []).append(method)
    return "; ".join(
        f"{name} of {', '.join(m)}" if name else ", ".join(m) for name, m in names.items()
    )


def chapters(topic):
    """Return the titles of the chapters that a topic touches; the atlas has most cases."""
    _, names, _ = TOPICS[topic]
    names = names if topic in ("passing masks", "regions") else (*names, ATLAS)
    return ", ".join(chapter_title(ROOT / "book" / f"{name}.ipynb") for name in names)


def plural(count, one):
    """Return "1 case" or "3 cases"."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def verdict(version, rule, found, cells):
    """Return the first line of a report."""
    if not found:
        return f"{version} follows the rule {rule} in all of {cells} cases: nothing moved."
    cases = len({move.case for move in found})
    return (
        f"{version} does not follow the rule {rule} any more: "
        f"{plural(cases, 'case')} of {cells} moved."
    )


def by_topic(found):
    """Return {topic: its Moves}, in the order of the book."""
    grouped = {topic: [move for move in found if move.topic == topic] for topic in TOPICS}
    return {topic: members for topic, members in grouped.items() if members}


def text(version, rule, found, cells, notes=()):
    """Return the report for a terminal."""
    lines = [verdict(version, rule, found, cells)]
    for topic, members in by_topic(found).items():
        lines += ["", f'Rule "{TOPICS[topic][0]}" ({rule}) no longer holds for {version}:']
        for before, move in zip([None, *members], members, strict=False):
            if before is None or before.case != move.case:
                lines += [f"  {move.case}: {move.title}"]
            old, new = pair(move)
            lines += [f"    {called(move.methods)}: {old} -> {new}"]
            if move.alike:
                lines += [f"      the new number is also that of {move.alike}"]
        lines += [f"  Chapters: {chapters(topic)}"]
    lines += ["", *notes] if notes else []
    return "\n".join(lines)


def markdown(version, rule, found, cells, notes=()):
    """Return the report for a page of GitHub."""
    lines = [f"## {version}", "", verdict(version, rule, found, cells)]
    for topic, members in by_topic(found).items():
        lines += ["", f"### Rule: {TOPICS[topic][0]}", ""]
        said = f"No longer holds for {version} (rule {rule}). Chapters: {chapters(topic)}."
        lines += [said, ""]
        lines += ["| case | what is called | old | new | the new number is also that of |"]
        lines += ["|---|---|---|---|---|"]
        for move in members:
            row = f"`{move.case}`: {move.title}", called(move.methods), *pair(move), move.alike
            lines += ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |"]
    for note in notes:
        lines += ["", note]
    return "\n".join(lines) + "\n"

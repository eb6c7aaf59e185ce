"""Interrupts a call of lossbook at its lines, and says what each interruption leaves behind."""

import contextlib
from dataclasses import dataclass, field

from tests.unit.faults import lines
from tests.unit.faults.calls import CALLS, COUNTERPARTS, Interrupt, data, fit, small_model
from tests.unit.faults.snapshot import attributes, differences, from_lossbook, variables

ERRORS = (KeyboardInterrupt, RuntimeError)
FIT_EVERY = 8  # fit compiles another step: on a fresh model it is tried at every eighth line


@dataclass
class Report:
    """Lines tried, lines never reached again, and {(line, error): what is left}."""

    tried: int = 0
    unreached: int = 0
    left: dict = field(default_factory=dict)


class Study:
    """One call of lossbook, on a fresh model, or (`used`) on one that has gone through it all.

    What Keras's own evaluate or fit leaves when it is interrupted is no fault, metric variables
    for example: it is measured here, and only more than that is reported. Every variable that is
    no metric's has its value afterwards, where Keras on JAX may leave none.
    """

    def __init__(self, name, used=False):
        self.name, self.call, self.used, self.model = name, CALLS[name], used, None
        for warm in (small_model(), small_model()):  # what is made only once in a process
            self.call(warm)
        fit(warm)
        self.expected = None if used else evaluated(small_model())
        self.also = self._left_by_keras()
        model = self._model()
        self.lines = lines.executed(lambda: self.call(model))

    def run(self, chosen, errors=ERRORS):
        """Interrupt the call at each of the chosen lines."""
        report = Report()
        for error in errors:
            for i, line in enumerate(chosen):
                reached, left = self.left_at(line, error, fits=self.used or i % FIT_EVERY == 0)
                report.tried += 1
                report.unreached += not reached
                if left:
                    report.left[line, error.__name__] = left
        return report

    def left_at(self, line, error, fits=True):
        """Interrupt the call at one line; return whether it was reached, and what it left."""
        model = self._model()
        expected = evaluated(model) if self.used else self.expected
        before = {**attributes(model), **variables(model)}
        reached, came = lines.interrupted(lambda: self.call(model), line, error(f"at {line}"))
        left = self._left(model, before, ended=came is None)
        if came is not None and not isinstance(came, error):
            left.append(f"another error comes out: {came!r}")
        try:
            if (found := evaluated(model)) != expected:
                left.append(f"evaluate gives {found}, before {expected}")
            if fits:
                fit(model)
        except Exception as failed:
            left.append(f"{type(failed).__name__} in what follows: {str(failed)[:100]}")
        self.model = model if self.used and not left else None
        return reached, left

    def _model(self):
        """Return a fresh model, or the one in use as long as nothing is wrong with it."""
        if not self.used:
            return small_model()
        if self.model is None:
            self.model = small_model()
            fit(self.model)
            self.call(self.model)
            evaluated(self.model)
        return self.model

    def _left(self, model, before, ended):
        """Say what an interruption has left."""
        places, values = attributes(model), variables(model)
        changed = differences(before, {**places, **values})
        lost = {place for place, value in values.items() if value is None}
        own = self.name != "callback"  # fit itself moves variables
        also = {
            place
            for place in self.also
            if not (
                own
                and (
                    (place in before and place[0] in ("variable", "optimizer variable"))
                    or (ended and self.used and "metric variable" in place[0])
                )
            )
        }
        found = (changed - also) | lost | (from_lossbook(places) - from_lossbook(before))
        return sorted(f"{owner}: {name}" for owner, name in found)

    def _left_by_keras(self):
        """Return what Keras's own call changes, whether it ends or is interrupted."""
        call, points = COUNTERPARTS[self.name]
        changed = set()
        for point in (None, *points):
            self.model = model = self._model()
            before = {**attributes(model), **variables(model)}
            with contextlib.suppress(KeyboardInterrupt):
                call(model, *([Interrupt(point)] if point else []))
            values = variables(model)
            changed |= differences(before, {**attributes(model), **values})
            if any(one is None for one in values.values()):  # JAX can do nothing with it any more
                self.model = None
        self.model = None
        return changed


def evaluated(model):
    """Return what the model's evaluate says, to six digits."""
    said = model.evaluate(**data(), verbose=0, return_dict=True)
    return {name: float(f"{value:.6g}") for name, value in said.items()}

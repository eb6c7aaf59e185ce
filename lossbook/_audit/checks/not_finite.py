"""NaN and infinity: where they are, and what does not remove them."""

import numpy as np

from lossbook._audit.finding import found
from lossbook._audit.observation import Check, first_index

MADE = "y_true and y_pred are finite: the loss function makes them"


class Finite(Check):
    """Values that are NaN or infinite, and whether a mask or a weight of 0 lies over them."""

    def __init__(self, output):
        super().__init__(output)
        self.bad = self.count = self.hidden = self.weights = 0
        self.first = self.shape = None
        self.sources = {}

    def see(self, look):
        """Count values that are no numbers, and look where they come from."""
        bad = ~np.isfinite(look.values)
        self.count += bad.size
        if look.weight is not None:
            self.weights += int((~np.isfinite(look.weight)).sum())
        if not bad.any():
            return
        if self.first is None:
            self.first, self.shape = (look.batch, *first_index(bad)), look.values.shape
        self.bad += int(bad.sum())
        self.hidden += int((bad & ~look.kept).sum())
        for name in ("y_true", "y_pred"):
            array = getattr(look, name)
            if array is not None:
                wrong = int((~np.isfinite(np.asarray(array, np.float64))).sum())
                self.sources[name] = self.sources.get(name, 0) + wrong

    def findings(self):
        """Yield one finding for values, or one for weights."""
        head = f"Output {self.output.name!r}: "
        if self.bad:
            sources = [f"{n} in {name}" for name, n in self.sources.items() if n]
            why = f"NaN or infinity: {' and '.join(sources)}" if sources else MADE
            over = ""
            if self.hidden:
                over = (
                    f" Under a mask or a weight of 0: {self.hidden}. It does not remove them, "
                    "for 0 times NaN is NaN."
                )
            fix = "Replace them before the loss, for example with keras.ops.nan_to_num"
            fix += ": in the data, where the mask leaves them out." if self.hidden else "."
            if not sources:
                fix = "Keep the loss function away from log(0), 0 / 0 and overflow."
            yield found(
                "not-finite",
                f"{head}NaN or infinity in {self.bad} of {self.count} values of the loss.{over}",
                fix,
                {
                    "values.shape": self.shape,
                    "first at (batch, *index)": self.first,
                    "source": why,
                    "under a mask or weight 0": self.hidden,
                },
            )
        elif self.weights:
            yield found(
                "not-finite",
                f"{head}NaN or infinity among the sample weights: {self.weights}. So is the loss.",
                "Replace them: a weight of 0 leaves a value out of the sum.",
                {"weights that are no numbers": self.weights},
            )

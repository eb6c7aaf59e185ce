"""Batches in which nothing counts: all weights are 0, or the mask keeps nothing."""

from lossbook._audit.examples import drawn, masked
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check

NOTHING_COUNTS = Hazard(
    "nothing-counts",
    "error",
    "06_reduction.ipynb",
    245,
    means="In some batch, or in all, nothing counts: all weights are 0, or the mask keeps nothing.",
    why=(
        "Keras makes 0 of such a batch, whatever is predicted: it divides without NaN. The batch "
        "counts in the epoch by its rows all the same."
    ),
    ignore="If a batch without anything is meant to count as 0.",
    symptoms=("falls", "scale"),
    asked=("https://github.com/keras-team/keras/issues/11643",),
)


class NothingCounts(Check):
    """Batches without a value that counts: their loss is 0, whatever is predicted."""

    def __init__(self, output):
        super().__init__(output)
        self.batches, self.empty, self.rows, self.empty_rows = 0, [], 0, 0
        self.masked = self.weightless = False

    def see(self, batch):
        """Note a batch without a value that a mask keeps and a weight other than 0 counts."""
        if batch.reduction is None or not batch.has_rows:
            return
        self.batches += 1
        self.rows += batch.rows
        if (batch.weight is None and batch.mask is None) or batch.kept.any():
            return
        self.empty.append(batch.number)
        self.empty_rows += batch.rows
        masked = batch.mask is not None and not batch.mask.any()
        self.masked |= masked
        self.weightless |= not masked

    def findings(self):
        """Yield an error if nothing counts in any batch, a warning if in some."""
        if not self.empty:
            return
        why = " or ".join(
            text
            for holds, text in (
                (self.masked, "the mask keeps nothing"),
                (self.weightless, "all weights are 0"),
            )
            if holds
        )
        whole = len(self.empty) == self.batches
        where = "in every batch" if whole else f"in {len(self.empty)} of {self.batches} batches"
        also = (
            "Nothing is trained." if whole else "Each counts in the epoch by its rows all the same."
        )
        if self.masked:
            fix = "Is the mask turned round? True keeps a position. Else leave these rows out."
        elif whole:
            fix = f"Give those that count a weight: {self.weighing.each('np.ones_like({w})')}."
        elif self.weighing.by_class:
            fix = "Leave rows of classes of weight 0 out of the data, or shuffle."
        else:
            fix = (
                "Leave rows of weight 0 out: write `keep = sample_weight != 0; x, y, sample_weight "
                "= x[keep], y[keep], sample_weight[keep]`, or shuffle."
            )
        yield NOTHING_COUNTS.found(
            f"{self.head}{why} {where}: the loss there is 0, whatever is predicted. {also}",
            fix,
            {"rows": self.rows, "rows in such batches": self.empty_rows, "batches": self.empty[:6]},
            None if whole else "warning",
        )


@NOTHING_COUNTS.example("The mask turned round: True keeps a position")
def masked_throughout(mended=0):
    """A mask that keeps no step."""
    lengths = (5, 3, 2, 5) if mended else (0, 0, 0, 0)
    return masked((4, 5, 2), lengths, drawn(4, 5, 2, seed=1), "mse")

"""Every step of the gallery: parts as plain NumPy has them, on whichever backend runs."""

import numpy as np
import pytest

from tests.real_keras.own_steps import STEPS
from tests.real_keras.own_steps.step import outcome
from tests.real_keras.own_steps.strange import NOT_LINEAR


@pytest.mark.parametrize("name", STEPS)
def test_parts(name):
    got = outcome(name)
    found, text = got.with_marks.by("source"), " ".join(got.with_marks.notes)
    assert set(found) == set(got.parts)
    for source, part in got.parts.items():
        np.testing.assert_allclose(found[source], part, rtol=1e-5, atol=1e-7, err_msg=source)
    for key in ("sample", "class", "position", "true_class"):
        np.testing.assert_allclose(sum(got.with_marks.by(key).values()), got.with_marks.total)
    assert ("not linear" in text) == (name in NOT_LINEAR)
    assert ("(unmarked)" in text) == ("(unmarked)" in got.parts)
    if name not in NOT_LINEAR:
        assert got.residual <= 1e-6

"""Random whole models against evaluate and fit; `make fuzz` draws many more."""

import keras
import pytest

from tests.real_keras import changed_models
from tests.real_keras.whole_models import compare


@pytest.mark.parametrize("seed", range(5))
def test_whole_model(seed):
    keras.backend.clear_session()
    assert compare(seed) is None


# Seeds without a strategy: an iterator of TensorFlow that a strategy distributes can crash the
# process when it is let go (one run in hundreds); those of test_strategies run in one of their own.
@pytest.mark.parametrize("seed", (1, 3, 6, 11))
def test_model_with_a_loss_or_a_step_of_its_own(seed):
    keras.backend.clear_session()
    _, wrong = changed_models.compare(seed)
    assert wrong is None

"""Random whole models against evaluate and fit; `make fuzz` draws many more."""

import keras
import pytest

from tests.real_keras.whole_models import compare


@pytest.mark.parametrize("seed", range(12))
def test_whole_model(seed):
    keras.backend.clear_session()
    assert compare(seed) is None

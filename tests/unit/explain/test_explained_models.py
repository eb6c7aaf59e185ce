"""Random compiled models, explained, against evaluate; explained_models.py draws more."""

import keras
import pytest

from tests.unit.explain.explained_models import draw, problems

REFUSED = 4  # so many of these models Keras itself may refuse, for shapes that don't fit


@pytest.fixture(scope="module")
def refused():
    seeds = []
    yield seeds
    assert len(seeds) <= REFUSED


@pytest.mark.parametrize("seed", range(64))
def test_an_explained_model_adds_up_to_what_evaluate_reports(seed, refused):
    keras.backend.clear_session()
    found = problems(draw(seed))
    if found is None:
        refused.append(seed)
    else:
        assert found == []

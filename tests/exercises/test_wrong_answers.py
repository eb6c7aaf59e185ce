"""Plausible wrong answers, as learners write them: each gets its own, right diagnosis."""

import pytest

from lossbook._exercises import EXERCISES, verdict
from tests.exercises.stubs import answer_of
from tests.exercises.wrong_answers import WRONG


def test_every_exercise_has_four_or_more():
    assert WRONG.keys() == EXERCISES.keys()
    assert min(map(len, WRONG.values())) >= 4
    assert sum(map(len, WRONG.values())) >= 495


@pytest.mark.filterwarnings("ignore:Mean of empty slice")  # NumPy's, of the learner's own line
@pytest.mark.parametrize("name", WRONG)
def test_a_planted_wrong_answer_gets_its_own_diagnosis(name):
    for diagnosis, code in WRONG[name].items():
        line = verdict(EXERCISES[name], answer_of(name, code))
        fitting = [other for other in WRONG[name] if line.startswith(f"wrong. {other}")]
        assert fitting == [diagnosis], f"{line}\nis said of\n{code}"

"""Plausible wrong answers, as learners write them: each gets its own, right diagnosis."""

import keras
import numpy as np
import pytest
from keras import ops

import lossbook as lb
from tests.exercises.wrong_answers import WRONG
from tools.notebooks.exercises import exercises as exercises_of
from tools.notebooks.files import notebooks, read

STUBS = {found.name: found.stub for path in notebooks() for found in exercises_of(read(path))}
PLANTED = [(name, said) for name, wrong in WRONG.items() for said in wrong]


def test_every_exercise_has_four_or_more():
    few = {name: len(WRONG.get(name, ())) for name in STUBS if len(WRONG.get(name, ())) < 4}
    assert not few
    assert not WRONG.keys() - STUBS.keys()


@pytest.mark.parametrize(("name", "said"), PLANTED)
def test_a_planted_wrong_answer_gets_its_own_diagnosis(name, said, capsys):
    namespace = {"np": np, "keras": keras, "ops": ops, "lb": lb}
    exec(STUBS[name], namespace)
    exec(WRONG[name][said], namespace)
    capsys.readouterr()
    lb.exercises.check(name, namespace["answer"])
    line = capsys.readouterr().out
    assert line.startswith(f"{name}: wrong. {said}"), line
    others = [other for other in WRONG[name] if other != said]
    assert not any(line.startswith(f"{name}: wrong. {other}") for other in others)

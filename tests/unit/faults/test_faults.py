"""Interrupted at a sample of its lines, explain leaves nothing; `make faults` takes them all."""

import keras
import pytest

import lossbook as lb
from tests.unit.faults import lines
from tests.unit.faults.calls import fit, small_model
from tests.unit.faults.snapshot import attributes, differences, from_lossbook, variables
from tests.unit.faults.study import Study

pytestmark = pytest.mark.filterwarnings("ignore:Layer '.*' .* was passed an input with a mask")
SAMPLE = 8  # lines


def test_nothing_is_left():
    study = Study("explain", used=True)
    report = study.run(study.lines[:: -(-len(study.lines) // SAMPLE)], errors=(KeyboardInterrupt,))
    assert report.tried >= SAMPLE - 1 and not report.unreached
    assert not report.left, {lines.shown(line): left for (line, _), left in report.left.items()}


def test_what_is_left_is_seen():
    """An attribute, a variable, a class, and what lossbook has made."""
    model = small_model()
    fit(model)

    def seen(change, undo):
        before = {**attributes(model), **variables(model)}
        change()
        after = {**attributes(model), **variables(model)}
        undo()
        return {f"{owner}: {name}" for owner, name in differences(before, after)}

    weights, plain = model.get_weights(), keras.Layer.__call__
    assert seen(lambda: setattr(model, "extra", 1), lambda: delattr(model, "extra")) >= {
        "model: extra"
    }
    assert seen(
        lambda: model.set_weights([w + 1 for w in weights]), lambda: model.set_weights(weights)
    ) >= {"variable: 0 embeddings"}
    assert seen(
        lambda: setattr(keras.Layer, "__call__", lambda *arguments: None),
        lambda: setattr(keras.Layer, "__call__", plain),
    ) == {"class Layer: __call__", "class Layer: __call__'s code"}
    vars(model._compile_loss)["kept"] = [lb.explain]
    assert ("compiled loss", "kept") in from_lossbook(attributes(model))

"""A compiled Keras model, opened: where lossbook reads what Keras keeps to itself.

A `Watch` stands by while Keras's own `evaluate` runs, once, over data of any kind, and hands over
the tensors of every batch: what each output's loss received, what it recovered and attached, and
the additional losses. The step is Keras's own, compiled as the model is. Where a future Keras moves
what is read here, `private` says so.

What is read without a compiled model lies in lower rooms: of a tensor the mask that Keras has
attached (`_core.attached_mask`) and the logits behind it (`_losses/call.py`, `_keras_logits`), the
losses that are Keras's own (`_losses/whose.py`), and the losses that a step calls and a layer has
(`_marks/hooked_losses.py`).
"""

from lossbook._model.check import check_data, check_model, overridden
from lossbook._model.data import batch_data, first_rows, refuse_nothing
from lossbook._model.few_rows import FewRows
from lossbook._model.keras_private import (
    dataset_with_class_weight,
    keras_logits,
    known_loss,
    refused_as_array,
    refused_by_fit,
)
from lossbook._model.matching import (
    Given,
    Unmatched,
    check_metrics,
    compiled_with,
    is_nested,
    leaves,
    mapped,
    met,
    outputs_of,
)
from lossbook._model.one_step import stepped
from lossbook._model.recorder import Batch, Call, Failure, Output
from lossbook._model.watch import Watch

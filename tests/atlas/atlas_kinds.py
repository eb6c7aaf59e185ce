"""Every kind of disagreement in the atlas: what the releases reported, and where the reason stands.

A kind has a name and a verdict on what was known of it before the runs: confirmed (releases that
had not been looked at may be added), corrected (something in it was wrong) or added (nothing was
known); then what the runs show, and release, file and function of the decisive lines.

A witness is a case and a method (and, where that is meant, the name of a logged number). Below it
stands the partition of all releases by what they reported: `number | releases | in words`.
`keras 2.2.4-2.2.5, 3.2-3.15` are releases in the order of records/atlas/releases.py, inclusive; a
framework
without versions is all of it. `refused` is an error, `absent` a number that is not logged. Numbers
are the recorded ones, with 7 digits.
"""

import re
from dataclasses import dataclass

from records.atlas import releases

__all__ = ["FURTHER", "KINDS", "RELEASES"]

DATA = """
ACTREG: confirmed
The penalty is divided by the batch size in every tf.keras and from Keras 3.14 on, undivided before.
- keras-3.14.1: keras/src/layers/layer.py::Layer.__call__
reg-activity evaluate
  1.663116 | keras 2.2.4-3.13 | undivided
  1.250946 | keras 3.14-3.15; tf.keras; tf_keras | / batch size
reg-activity-batches fit
  1.424547 | keras 2.2.4-2.3, 3.2-3.13 | undivided, batches by size
  1.197 | keras 3.14-3.15; tf.keras; tf_keras | / batch size
  1.362471 | keras 3.0-3.1 | undivided, batches alike

ADDVEC: added
The result is an array in Keras 2.2 and tf.keras to 2.1, the mean in 2.3.1, the sum from Keras 3.3
on; tf.keras 2.2 and later and Keras 3.0 to 3.2 refuse.
- keras-2.3.1: keras/engine/training.py::Model._prepare_total_loss
- tf.keras-2.2.3: tensorflow/python/keras/engine/compile_utils.py::LossesContainer.__call__
- keras-3.3.3: keras/src/trainers/trainer.py::Trainer.compute_loss
add-rows evaluate
  [0.9752401, 1.182271, 1.252584, 1.104146] | keras 2.2.4-2.2.5; tf.keras 1.13-2.1 | an array
  1.12856 | keras 2.3 | mean
  refused | keras 3.0-3.2; tf.keras 2.2-2.15; tf_keras
  1.295553 | keras 3.3-3.15 | sum
add-rows-batches fit
  [1.096657, 1.105027, 1.138509] | keras 2.2.4-2.2.5; tf.keras 1.13-2.1
  1.113398 | keras 2.3
  refused | keras 3.0-3.2; tf.keras 2.2-2.15; tf_keras
  1.08996 | keras 3.3-3.15

BCEEPS: confirmed
Clipping alone in Keras 2.2 and 3 and tf.keras 1.13, clipping and epsilon in the logarithm
elsewhere; graphs that are optimised in another way show a third number.
- tf.keras-2.1.4: tensorflow/python/keras/backend.py::binary_crossentropy
- keras-3.0.5: keras/src/backend/tensorflow/nn.py::binary_crossentropy
bce-exact evaluate
  8.096855 | keras 2.2.4-2.2.5, 3.0-3.15; tf.keras 1.13 | clipped
  7.750282 | keras 2.3; tf.keras 1.15, 2.1-2.15; tf_keras | clipped, plus epsilon
  7.771283 | tf.keras 1.14, 2.0 | the same, added up in another order
bce-sigmoid-times evaluate
  5.575675 | keras 2.2.4-2.2.5, 3.0-3.15; tf.keras 1.13
  5.344626 | keras 2.3; tf.keras 1.15, 2.1-2.15; tf_keras
  5.365626 | tf.keras 1.14, 2.0
bce-exact fit
  8.096855 | keras 2.2.4-2.2.5, 3.0-3.15; tf.keras 1.13
  7.771283 | keras 2.3; tf.keras 1.14-2.0
  7.750282 | tf.keras 2.1-2.15; tf_keras

CLASSES: confirmed
No loss classes in Keras 2.2; tf.keras 1.13 lacks Huber and SparseCategoricalCrossentropy too.
- keras-2.3.1: keras/losses.py::Loss
- tf.keras-1.14.0: tensorflow/python/keras/losses.py::Huber
loss-mse-r3-class evaluate
  refused | keras 2.2.4-2.2.5 | refused: no class
  1.121069 | keras 2.3-3.15; tf.keras; tf_keras | the mean
loss-huber-r2 evaluate
  refused | keras 2.2.4-2.2.5; tf.keras 1.13
  0.3483582 | keras 2.3-3.15; tf.keras 1.14-2.15; tf_keras
scce-logits evaluate
  refused | keras 2.2.4-2.2.5; tf.keras 1.13
  71 | keras 2.3-3.15; tf.keras 1.14-2.15; tf_keras

CWMISS: corrected
Keras 2 and tf.keras to 2.1 refuse a missing class only where the data have it; tf.keras 2.2 and
later ask for all keys from 0; Keras 3 takes 1.
- tf.keras-2.1.4: tensorflow/python/keras/engine/training_utils.py::standardize_weights
- tf.keras-2.2.3: tensorflow/python/keras/engine/data_adapter.py::_make_class_weight_map_fn
- keras-3.15.1: keras/src/trainers/data_adapters/data_adapter_utils.py::class_weight_to_sample_weights
cw-missing-used fit
  refused | keras 2.2.4-2.3; tf.keras; tf_keras
  1.132534 | keras 3.0-3.15 | weighs 1
cw-missing-last fit
  refused | keras 2.2.4-2.3; tf.keras; tf_keras
  1.709918 | keras 3.0-3.15
cw-missing-unused fit
  1.024736 | keras 2.2.4-3.15; tf.keras 1.13-2.1
  refused | tf.keras 2.2-2.15; tf_keras

CWMULTI: added
One dict per output works in Keras 2 and tf.keras to 2.1 and is refused later; one flat dict is
ignored without a word by Keras 2 and tf.keras 1.13 and refused by all others.
- tf.keras-1.14.0: tensorflow/python/keras/engine/training_utils.py::standardize_sample_or_class_weights
- tf.keras-2.2.3: tensorflow/python/keras/engine/data_adapter.py::_make_class_weight_map_fn
- keras-3.0.5: keras/src/trainers/data_adapters/array_data_adapter.py::ArrayDataAdapter.__init__
cw-two-outputs fit
  3.525308 | keras 2.2.4-2.3; tf.keras 1.14-2.1 | weighted
  2.183392 | tf.keras 1.13 | / sum of weights
  refused | keras 3.0-3.15; tf.keras 2.2-2.15; tf_keras
cw-two-outputs-flat fit
  2.736835 | keras 2.2.4-2.3; tf.keras 1.13 | ignored
  refused | keras 3.0-3.15; tf.keras 1.14-2.15; tf_keras

CWRANK: confirmed
The cut lies between tf.keras 2.12, which refuses, and 2.13, which weighs each position; where
labels (B, T) have T = B, all but Keras 2 report a number, and not the same.
- tf.keras-2.12.1: keras/engine/data_adapter.py::_make_class_weight_map_fn
- tf.keras-2.13.1: keras/src/engine/data_adapter.py::_make_class_weight_map_fn
- keras-3.15.1: keras/src/trainers/data_adapters/data_adapter_utils.py::class_weight_to_sample_weights
cw-cce-r3 fit
  refused | keras 2.2.4-3.15; tf.keras 1.13-2.12
  1.274582 | tf.keras 2.13-2.15; tf_keras | one weight for each position
seed-segmentation-cw fit
  refused | keras 2.2.4-3.15; tf.keras 1.13-2.12
  170.724 | tf.keras 2.13-2.15; tf_keras
cw-scce-r3-square fit
  refused | keras 2.2.4-2.3
  0.8867143 | tf.keras 1.13 | / sum of weights
  1.662589 | tf.keras 1.14-2.15; tf_keras | arg max over time, a weight for each sample
  2.09891 | keras 3.0-3.15 | arg max over time, a weight for each step

CWSW: corrected
2.2.5 and tf.keras 1.14 multiply already; fit of tf.keras 2.13 to 2.15 and tf_keras refuses both
together while train_on_batch multiplies.
- keras-2.2.4: keras/engine/training_utils.py::standardize_weights
- keras-2.2.5: keras/engine/training_utils.py::standardize_weights
- tf.keras-2.13.1: keras/src/engine/data_adapter.py::_make_class_weight_map_fn
- keras-3.0.5: keras/src/trainers/data_adapters/array_data_adapter.py::ArrayDataAdapter.__init__
cw-sw-cce fit
  0.8910046 | keras 2.2.4 | class_weight ignored
  1.268551 | keras 2.2.5-2.3; tf.keras 1.14-2.12 | multiplied
  0.9504049 | tf.keras 1.13 | class_weight ignored, / sum of weights
  refused | keras 3.0-3.15; tf.keras 2.13-2.15; tf_keras
cw-sw-cce train_on_batch
  0.8910046 | keras 2.2.4
  1.268551 | keras 2.2.5-2.3; tf.keras 1.14-2.15; tf_keras
  0.9504049 | tf.keras 1.13
  refused | keras 3.0-3.15
cw-sw-bce fit
  1.378912 | keras 2.2.4
  1.22886 | keras 2.2.5
  0.6144299 | keras 2.3; tf.keras 1.14-2.12
  1.10313 | tf.keras 1.13
  refused | keras 3.0-3.15; tf.keras 2.13-2.15; tf_keras

DICTSW: corrected
With targets in a list evaluate and fit refuse a dict in all of Keras 3, test_on_batch from 3.5 on
and train_on_batch from 3.7 on; with targets in a dict all methods take it up to 3.6 and fail with
KeyError 0 from 3.7 on.
- keras-3.1.1: keras/src/trainers/data_adapters/array_data_adapter.py::ArrayDataAdapter.__init__
- keras-3.6.0: keras/src/trainers/compile_utils.py::CompileLoss.call
- keras-3.7.0: keras/src/trainers/compile_utils.py::CompileLoss.call
two-sw-dict-y-dict evaluate
  1.903605 | keras 2.2.4-2.2.5 | by name, / nonzero weights
  1.710903 | keras 2.3-3.6; tf.keras 1.14-2.15; tf_keras | by name
  1.646669 | tf.keras 1.13 | by name, / sum of weights
  refused | keras 3.7-3.15 | refused: KeyError 0
two-sw-dict evaluate
  1.903605 | keras 2.2.4-2.2.5
  1.710903 | keras 2.3; tf.keras 1.14-2.15; tf_keras
  1.646669 | tf.keras 1.13
  refused | keras 3.0-3.15
two-sw-dict test_on_batch
  1.903605 | keras 2.2.4-2.2.5
  1.710903 | keras 2.3-3.4; tf.keras 1.14-2.15; tf_keras
  1.646669 | tf.keras 1.13
  refused | keras 3.5-3.15
two-sw-dict train_on_batch
  1.903605 | keras 2.2.4-2.2.5
  1.710903 | keras 2.3-3.6; tf.keras 1.14-2.15; tf_keras
  1.646669 | tf.keras 1.13
  refused | keras 3.7-3.15

EPOCH305: confirmed
Keras 3.0 and 3.1 average batches as if they were equally large; 3.2 and all others weigh them by
their samples, penalties included.
- keras-3.1.1: keras/src/backend/tensorflow/trainer.py::TensorFlowTrainer.test_step
- keras-3.2.1: keras/src/backend/tensorflow/trainer.py::TensorFlowTrainer.test_step
epoch-mse evaluate
  1.11842 | keras 2.2.4-2.3, 3.2-3.15; tf.keras; tf_keras | by samples
  1.165943 | keras 3.0-3.1 | batches alike
reg-kernel-batches fit
  1.567313 | keras 2.2.4-2.3, 3.2-3.15; tf.keras; tf_keras
  1.559869 | keras 3.0-3.1
add-sum-batches evaluate
  1.08996 | keras 2.2.4-2.3, 3.2-3.15; tf.keras; tf_keras
  1.154225 | keras 3.0-3.1

F16: corrected
Keras 3 computes in float32 and so has no overflow; Keras 2.2 and tf.keras 1.13 (mean squared error
in evaluate excepted) refuse, 2.3.1 refuses to train; tf.keras 2.2 to 2.8 round at another place
than the other tf.keras.
- keras-3.0.5: keras/src/losses/loss.py::Loss.__call__
f16-mse evaluate
  refused | keras 2.2.4-2.2.5
  inf | keras 2.3; tf.keras; tf_keras | overflow in float16
  7502.333 | keras 3.0-3.15 | in float32
f16-mae fit
  refused | keras 2.2.4-2.3; tf.keras 1.13
  3348 | tf.keras 1.14-2.15; tf_keras
  3349.334 | keras 3.0-3.15
f16-bce evaluate
  refused | keras 2.2.4-2.2.5; tf.keras 1.13
  0.9370117 | keras 2.3; tf.keras 2.2-2.8
  0.9365234 | tf.keras 1.14-2.1, 2.9-2.15; tf_keras
  0.9371396 | keras 3.0-3.15

FLSIG: confirmed
Taken as logits up to tf.keras 2.3, the logits behind the activation from 2.4 on.
- tf.keras-2.4.4: tensorflow/python/keras/backend.py::binary_crossentropy
- keras-3.0.5: keras/src/backend/tensorflow/nn.py::_get_logits
bce-logits-sigmoid evaluate
  refused | keras 2.2.4-2.2.5 | refused: no class
  0.8250753 | keras 2.3; tf.keras 1.13-2.3 | probabilities taken as logits
  1.674363 | keras 3.0-3.15; tf.keras 2.4-2.15; tf_keras | the logits behind them
cce-logits-softmax evaluate
  refused | keras 2.2.4-2.2.5; tf.keras 1.13
  1.098219 | keras 2.3; tf.keras 1.14-2.3
  2.060392 | keras 3.0-3.15; tf.keras 2.4-2.15; tf_keras

FUSED: confirmed
tf.keras 1.14 finds the logits too; tf.keras 2.0 clips in the *_on_batch methods alone.
- tf.keras-1.14.0: tensorflow/python/keras/backend.py::binary_crossentropy
- keras-3.0.5: keras/src/backend/tensorflow/nn.py::_get_logits
bce-sigmoid evaluate
  5.575675 | keras 2.2.4-2.2.5; tf.keras 1.13 | clipped probabilities
  10.4969 | keras 2.3-3.15; tf.keras 1.14-2.15; tf_keras | the logits behind them
bce-sigmoid test_on_batch
  5.575675 | keras 2.2.4-2.2.5; tf.keras 1.13 | clipped probabilities
  10.4969 | keras 2.3-3.15; tf.keras 1.14-1.15, 2.1-2.15; tf_keras | the logits behind them
  5.365626 | tf.keras 2.0 | clipped, plus epsilon
seed-segmentation-logits evaluate
  6.487877 | keras 2.2.4-2.2.5
  9.407412 | keras 2.3-3.15; tf.keras 1.14-2.15; tf_keras
  25.95151 | tf.keras 1.13

GEN: corrected
Only evaluate differs: 2.3.1 reports the last batch, tf.keras 1.13 to 2.1 (and Keras 3.0 and 3.1)
average the steps; fit weighs batches of a generator by samples wherever it does so for arrays.
- keras-2.3.1: keras/engine/training_generator.py::evaluate_generator
- tf.keras-2.1.4: tensorflow/python/keras/engine/training_utils.py::MetricsAggregator.aggregate
epoch-mse evaluate_generator
  1.11842 | keras 2.2.4-2.2.5, 3.2-3.15; tf.keras 2.2-2.15; tf_keras | by samples
  1.332275 | keras 2.3 | the last batch alone
  1.165943 | keras 3.0-3.1; tf.keras 1.13-2.1 | steps alike
epoch-mse fit_generator
  1.11842 | keras 2.2.4-2.3, 3.2-3.15; tf.keras; tf_keras | by samples
  1.165943 | keras 3.0-3.1 | batches alike
epoch-even evaluate_generator
  1.082777 | keras 2.2.4-2.2.5, 3.0-3.15; tf.keras; tf_keras
  1.093669 | keras 2.3

IGNORE: corrected
Keras 3.0 to 3.3 fail on labels with a last axis of 1, of rank 2 as well, and take labels (B, T).
- tf.keras-2.10.1: keras/backend.py::sparse_categorical_crossentropy
- keras-3.4.1: keras/src/losses/losses.py::sparse_categorical_crossentropy
ignore-r3 evaluate
  refused | keras 2.2.4-3.3; tf.keras 1.13-2.9
  1.072648 | keras 3.4-3.15; tf.keras 2.10-2.15; tf_keras | mean of the labels kept
ignore-r2 evaluate
  refused | keras 2.2.4-3.3; tf.keras 1.13-2.9
  1.025258 | keras 3.4-3.15; tf.keras 2.10-2.15; tf_keras
ignore-r3-sw evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.13-2.9
  0.9560045 | keras 3.0-3.15; tf.keras 2.10-2.15; tf_keras | weighted, / labels kept

K3RANK: confirmed
Keras 3 refuses (B,) against (B, T), and weighs the steps instead of the samples where T = B.
- keras-3.0.5: keras/src/losses/loss.py::squeeze_or_expand_to_same_rank
sw-mse-r3-b evaluate
  1.050761 | keras 2.2.4-2.3; tf.keras; tf_keras | a weight for each sample
  refused | keras 3.0-3.15
sw-mse-r3-square evaluate
  1.065745 | keras 2.2.4-2.3; tf.keras; tf_keras | a weight for each sample
  1.059314 | keras 3.0-3.15 | a weight for each step
epoch-sw-r3-b evaluate
  2.458843 | keras 2.2.4-2.2.5
  1.699798 | keras 2.3; tf.keras; tf_keras
  refused | keras 3.0-3.15

KEEPDIMS: confirmed
(B, T, 1) times (B,) is an outer product in tf.keras 2.7 and later and in Keras 3; weights (B, T)
are safe.
- tf.keras-2.7.4: keras/utils/losses_utils.py::compute_weighted_loss
custom-positions_keepdims-sw-b evaluate
  1.050761 | keras 2.2.4-2.3; tf.keras 1.14, 2.2-2.6 | a weight for each sample
  1.120812 | tf.keras 1.13 | / sum of weights
  refused | tf.keras 1.15-2.1
  1.051003 | keras 3.0-3.15; tf.keras 2.7-2.15; tf_keras | outer product
custom-positions_keepdims-sw-bt evaluate
  1.196269 | keras 2.2.4-2.2.5 | / nonzero weights
  0.4785075 | keras 2.3-3.15; tf.keras 1.14-2.15; tf_keras | / number of values
  1.078327 | tf.keras 1.13 | / sum of weights

LOSSDICT: corrected
With targets in a list Keras 2 and tf.keras to 2.1 refuse even to evaluate, for they want targets of
the named outputs alone; training is refused by Keras 2 and tf.keras 1; a missing loss or weight is
an error from Keras 3.5 on.
- keras-3.4.1: keras/src/trainers/compile_utils.py::CompileLoss.build
- keras-3.7.0: keras/src/trainers/compile_utils.py::CompileLoss.build
two-loss-partial-y-dict evaluate
  1.072896 | keras 2.2.4-3.4; tf.keras; tf_keras | no loss for it
  refused | keras 3.5-3.15
two-loss-partial-y-dict fit
  refused | keras 2.2.4-2.3, 3.5-3.15; tf.keras 1.13-1.15
  1.072896 | keras 3.0-3.4; tf.keras 2.0-2.15; tf_keras
two-loss-partial evaluate
  refused | keras 2.2.4-2.3, 3.5-3.15; tf.keras 1.13-2.1
  1.072896 | keras 3.0-3.4; tf.keras 2.2-2.15; tf_keras
two-lw-partial evaluate
  1.473588 | keras 2.2.4-3.4; tf.keras; tf_keras | weighs 1
  refused | keras 3.5-3.15
two-loss-none evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.13-2.1
  1.072896 | keras 3.0-3.15; tf.keras 2.2-2.15; tf_keras

LS113: corrected
It is not the smoothing: CategoricalCrossentropy of tf.keras 1.13 takes one-hot targets for labels
whenever the static shapes differ, with or without smoothing; BinaryCrossentropy smooths well.
- tf.keras-1.13.1: tensorflow/python/keras/losses.py::CategoricalCrossentropy.call
smooth-cce-r2 evaluate
  refused | keras 2.2.4-2.2.5; tf.keras 1.13
  1.346546 | keras 2.3-3.15; tf.keras 1.14-2.15; tf_keras | smoothed
smooth-bce-r2 evaluate
  refused | keras 2.2.4-2.2.5
  0.9610717 | keras 2.3-3.15; tf.keras; tf_keras
cce-logits evaluate
  refused | keras 2.2.4-2.2.5; tf.keras 1.13 | refused, without smoothing
  71 | keras 2.3-3.15; tf.keras 1.14-2.15; tf_keras | from logits

LSAXIS: confirmed
Axis 1 up to tf.keras 2.2 (Keras 2.3.1 too), the last axis from tf.keras 2.3 on.
- tf.keras-2.2.3: tensorflow/python/keras/losses.py::categorical_crossentropy
- tf.keras-2.3.4: tensorflow/python/keras/losses.py::categorical_crossentropy
smooth-cce-r3 evaluate
  refused | keras 2.2.4-2.2.5; tf.keras 1.13 | refused: no class
  0.9681532 | keras 2.3; tf.keras 1.14-2.2 | classes counted along axis 1
  1.093912 | keras 3.0-3.15; tf.keras 2.3-2.15; tf_keras | along the last axis
smooth-cce-r4 evaluate
  refused | keras 2.2.4-2.2.5; tf.keras 1.13
  1.430525 | keras 2.3; tf.keras 1.14-2.2
  1.273444 | keras 3.0-3.15; tf.keras 2.3-2.15; tf_keras

MASKALL: confirmed
NaN in 2.2.4 and from tf.keras 2.11 on; 2.2.5 adds epsilon to the mean of the mask and reports 0, as
all others do.
- keras-2.2.5: keras/engine/training_utils.py::weighted_masked_objective
- tf.keras-2.11.1: keras/utils/losses_utils.py::apply_valid_mask
- keras-3.13.2: keras/src/losses/loss.py::apply_mask
mask-mse-r3-nothing evaluate
  nan | keras 2.2.4; tf.keras 2.11-2.15; tf_keras | 0 / 0
  0 | keras 2.2.5-3.15; tf.keras 1.13-2.10
epoch-mask-zero-batch evaluate
  nan | keras 2.2.4; tf.keras 2.11-2.15; tf_keras
  0.6734763 | keras 2.2.5, 3.2-3.15
  0.4184129 | keras 2.3; tf.keras 1.13-2.10
  0.8358809 | keras 3.0-3.1

MASKCUSTOM: corrected
2.2 multiplies in place, so a scalar or (B, T) passes; 2.3.1 and tf.keras 1.14 to 2.1 refuse a mask
of higher rank than the values, 1.13 (a weighted mean) and 2.2 and later do not; 2.3.1 and tf.keras
append an axis for (B, T, C), Keras 3 none.
- keras-2.2.4: keras/engine/training_utils.py::weighted_masked_objective
- keras-2.3.1: keras/utils/losses_utils.py::broadcast_weights
- tf.keras-2.11.1: keras/utils/losses_utils.py::apply_valid_mask
custom-scalar-mask evaluate
  1.121069 | keras 2.2.4-2.2.5, 3.0-3.15; tf.keras 1.13, 2.11-2.15; tf_keras | the number itself
  refused | keras 2.3; tf.keras 1.14-2.1
  0.728695 | tf.keras 2.2-2.10 | times the share kept
custom-elements-mask evaluate
  refused | keras 2.2.4-2.2.5, 3.0-3.15
  0.698287 | keras 2.3; tf.keras 1.14-2.10 | / number of values
  1.074288 | tf.keras 1.13, 2.11-2.15; tf_keras | / number kept
custom-positions_keepdims-mask evaluate
  refused | keras 2.2.4-2.2.5
  0.6982869 | keras 2.3; tf.keras 1.14-2.10
  1.074288 | keras 3.0-3.15; tf.keras 1.13, 2.11-2.15; tf_keras
mask-mse-r4-bh evaluate
  refused | keras 2.2.4-2.2.5, 3.0-3.15
  0.5674927 | keras 2.3; tf.keras 1.13-2.10
  1.134985 | tf.keras 2.11-2.15; tf_keras
mask-mse-r3-square evaluate
  1.125827 | keras 2.2.4-2.2.5, 3.0-3.15 | along the steps
  0.8338572 | keras 2.3; tf.keras 1.13-2.10 | mean over all
  1.11181 | tf.keras 2.11-2.15; tf_keras | / number kept

MASKNORM: confirmed
2.3.1 and tf.keras 1.13 to 2.10 divide by all steps (1.13 for its class losses), all others by those
kept; 2.3.1 refuses a mask (B, H, W).
- keras-2.2.4: keras/engine/training_utils.py::weighted_masked_objective
- keras-2.3.1: keras/engine/training.py::Model._prepare_total_loss
- tf.keras-2.11.1: keras/losses.py::Loss.__call__
- keras-3.0.5: keras/src/losses/loss.py::apply_mask
mask-mse-r3 evaluate
  1.074288 | keras 2.2.4-2.2.5, 3.0-3.15; tf.keras 2.11-2.15; tf_keras | / steps kept
  0.6982869 | keras 2.3; tf.keras 1.13-2.10 | / all steps
mask-cce-r3 evaluate
  0.9637215 | keras 2.2.4-2.2.5, 3.0-3.15; tf.keras 1.13, 2.11-2.15; tf_keras
  0.6264189 | keras 2.3; tf.keras 1.14-2.10
mask-mse-r4-bhw evaluate
  1.130641 | keras 2.2.4-2.2.5, 3.0-3.15; tf.keras 2.11-2.15; tf_keras | / pixels kept
  refused | keras 2.3
  0.4522563 | tf.keras 1.13-2.10 | / all pixels
epoch-mask evaluate
  1.193601 | keras 2.2.4-2.2.5, 3.2-3.15; tf.keras 2.11-2.15; tf_keras
  0.5571126 | keras 2.3; tf.keras 1.13-2.10
  1.240422 | keras 3.0-3.1

MASKSW: confirmed
2.2 divides by both shares, the middle releases by all steps, tf.keras 2.11 and Keras 3 by the steps
kept, tf.keras 1.13 by the sum of weights.
- keras-2.2.4: keras/engine/training_utils.py::weighted_masked_objective
- keras-2.3.1: keras/engine/training.py::Model._prepare_total_loss
- tf.keras-2.11.1: keras/utils/losses_utils.py::apply_valid_mask
mask-sw-same evaluate
  1.65275 | keras 2.2.4-2.2.5 | / both shares
  0.6982869 | keras 2.3; tf.keras 1.13-2.10 | / all steps
  1.074288 | keras 3.0-3.15; tf.keras 2.11-2.15; tf_keras | / steps kept
mask-sw-bce-zeros evaluate
  0.7461056 | keras 2.2.4-2.2.5 | / both shares
  0.1939874 | keras 2.3; tf.keras 1.14-2.10 | / all steps
  0.5026395 | tf.keras 1.13 | / sum of weights
  0.2984421 | keras 3.0-3.15; tf.keras 2.11-2.15; tf_keras | / steps kept
epoch-mask-sw evaluate
  4.160175 | keras 2.2.4-2.2.5
  0.8343715 | keras 2.3; tf.keras 1.13-2.10
  2.160803 | keras 3.2-3.15; tf.keras 2.11-2.15; tf_keras
  2.616822 | keras 3.0-3.1

MWSW: confirmed
The divisor is the sum of mask times weight, 0 when that is 0; from Keras 3.7 on.
- keras-3.7.0: keras/src/losses/loss.py::reduce_values
red-mean_with_sample_weight-r3-sw evaluate
  refused | keras 2.2.4-3.6; tf.keras; tf_keras
  5.604058 | keras 3.7-3.15 | / sum of weights
red-mean_with_sample_weight-allzero evaluate
  refused | keras 2.2.4-3.6; tf.keras; tf_keras
  0 | keras 3.7-3.15
red-mean_with_sample_weight-batches-sw evaluate
  refused | keras 2.2.4-3.6; tf.keras; tf_keras
  0.8284439 | keras 3.7-3.15

NONEB2: corrected
tf.keras 2.2 and later weigh a batch by its size squared; Keras 3.0 and 3.1 do not reduce to one
value first, their mean counts entries, which makes it a mean over samples.
- tf.keras-2.2.3: tensorflow/python/keras/metrics.py::Reduce.update_state
- keras-3.2.1: keras/src/metrics/reduction_metrics.py::reduce_to_samplewise_values
red-none-batches evaluate
  refused | keras 2.2.4-2.2.5 | refused: no class
  1.11842 | keras 2.3-3.15 | mean over samples
  [1.007533, 1.427037, 0.9206892] | tf.keras 1.13-2.1 | an array
  1.095909 | tf.keras 2.2-2.15; tf_keras | by size squared
red-none-batches-sw fit
  refused | keras 2.2.4-2.2.5
  1.301711 | keras 2.3-3.15
  [0.8013393, 1.363839, 1.739955] | tf.keras 1.13-2.1
  1.088405 | tf.keras 2.2-2.15; tf_keras

NONESW: corrected
A list [w, None] fails in evaluate and fit of Keras 3.0 to 3.11, and in *_on_batch of tf.keras 2.4
to 2.15 and tf_keras 2.16, not 2.21; test_on_batch of Keras 3.5 and 3.6 refuses it too; tf.keras
1.14 ignores the w of [None, w]; a dict of one output is refused by evaluate and fit of all Keras 3
and weighs both outputs in test_on_batch to 3.4 and train_on_batch to 3.6.
- tf.keras-2.4.4: tensorflow/python/keras/engine/data_adapter.py::single_batch_iterator
- tf.keras-1.14.0: tensorflow/python/keras/engine/training.py::Model._update_sample_weight_modes
- keras-3.4.1: keras/src/trainers/compile_utils.py::CompileLoss.call
- keras-3.12.4: keras/src/trainers/data_adapters/data_adapter_utils.py::check_data_cardinality
two-sw-none-second evaluate
  2.069937 | keras 2.2.4-2.3, 3.12-3.15; tf.keras; tf_keras | the other unweighted
  refused | keras 3.0-3.11
two-sw-none-second test_on_batch
  2.069937 | keras 2.2.4-3.4, 3.7-3.15; tf.keras 1.13-2.3; tf_keras 2.21
  refused | keras 3.5-3.6; tf.keras 2.4-2.15; tf_keras 2.16
two-sw-none-first fit
  2.092684 | keras 2.2.4-2.3, 3.12-3.15; tf.keras 1.15-2.15; tf_keras | the other unweighted
  2.16067 | tf.keras 1.13 | / sum of weights
  2.010036 | tf.keras 1.14 | weights ignored
  refused | keras 3.0-3.11
two-sw-dict-one train_on_batch
  2.069937 | keras 2.2.4-2.3; tf.keras; tf_keras | the other unweighted
  2.152585 | keras 3.0-3.6 | both weighted
  refused | keras 3.7-3.15
two-sw-dict-one evaluate
  2.069937 | keras 2.2.4-2.3; tf.keras; tf_keras
  refused | keras 3.0-3.15
two-sw-one-array evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.13-2.1
  2.152585 | keras 3.0-3.15; tf.keras 2.2-2.15; tf_keras | both weighted

ONBATCH: confirmed
Keras 3.0 to 3.14 report the running mean, of batches alike in 3.0 and 3.1; 3.15 and all others the
batch alone.
- keras-3.14.1: keras/src/backend/tensorflow/trainer.py::TensorFlowTrainer.test_on_batch
- keras-3.15.1: keras/src/backend/tensorflow/trainer.py::TensorFlowTrainer.test_on_batch
epoch-mse test_on_batch_calls
  [1.071886, 1.093669, 1.332275] | keras 2.2.4-2.3, 3.15; tf.keras; tf_keras | each batch alone
  [1.071886, 1.082777, 1.165943] | keras 3.0-3.1 | running mean, batches alike
  [1.071886, 1.082777, 1.11842] | keras 3.2-3.14 | running mean
epoch-even test_on_batch_calls
  [1.071886, 1.093669] | keras 2.2.4-2.3, 3.15; tf.keras; tf_keras | each batch alone
  [1.071886, 1.082777] | keras 3.0-3.14 | running mean

ONES113: confirmed
Losses given by name or function, mse excepted, are multiplied by the batch size in tf.keras 1.13
alone, if their values have rank 3 or more.
- tf.keras-1.13.1: tensorflow/python/keras/engine/training_utils.py::weighted_masked_objective
loss-mae-r4 evaluate
  0.9550781 | keras 2.2.4-3.15; tf.keras 1.14-2.15; tf_keras | the mean
  3.820312 | tf.keras 1.13 | the mean times the batch size
seed-segmentation evaluate
  1.019576 | keras 2.2.4-3.15; tf.keras 1.14-2.15; tf_keras
  4.078303 | tf.keras 1.13
three-lw-dict evaluate
  4.153904 | keras 2.2.4-3.15; tf.keras 1.14-2.15; tf_keras
  11.82817 | tf.keras 1.13

OUTLOG: added
The losses of single outputs are not logged in Keras 3.0 to 3.4 and logged times loss_weights in 3.5
and 3.6; over an epoch they are a mean of batches alike in 2.3.1, tf.keras 1.14 to 2.1 and Keras 3.5
and later, so they do not add up to the loss; evaluate and fit of tf.keras 1.13 log mse so, and
without weights and mask.
- keras-3.5.0: keras/src/trainers/compile_utils.py::CompileLoss.call
- keras-3.7.0: keras/src/trainers/compile_utils.py::CompileLoss.call
- tf.keras-2.2.3: tensorflow/python/keras/engine/compile_utils.py::LossesContainer.__call__
- tf.keras-1.13.1: tensorflow/python/keras/engine/training.py::Model.compile
two-lw-list evaluate b_loss
  0.9371396 | keras 2.2.4-2.3, 3.7-3.15; tf.keras; tf_keras | before loss_weights
  absent | keras 3.0-3.4 | after loss_weights
  9.371396 | keras 3.5-3.6 | not logged
two-batches evaluate a_loss
  1.11842 | keras 2.2.4-2.2.5; tf.keras 2.2-2.15; tf_keras | by samples
  1.165943 | keras 2.3, 3.5-3.15; tf.keras 1.13-2.1 | batches alike
  absent | keras 3.0-3.4 | not logged
two-sw-list evaluate a_loss
  1.132797 | keras 2.2.4-2.3, 3.5-3.15; tf.keras 1.14-2.15; tf_keras
  1.072896 | tf.keras 1.13
  absent | keras 3.0-3.4
two-masks evaluate a_loss
  1.074288 | keras 2.2.4-2.2.5, 3.5-3.15; tf.keras 2.11-2.15; tf_keras | / steps kept
  0.6982869 | keras 2.3; tf.keras 1.14-2.10 | / all steps
  1.121069 | tf.keras 1.13 | without the mask
  absent | keras 3.0-3.4 | not logged
two-batches test_on_batch_calls a_loss
  [1.071886, 1.093669, 1.332275] | keras 2.2.4-2.3, 3.15; tf.keras; tf_keras
  [absent, absent, absent] | keras 3.0-3.4
  [1.071886, 1.082777, 1.11842] | keras 3.5-3.6
  [1.071886, 1.082777, 1.165943] | keras 3.7-3.14

REDENUM: corrected
'auto' in tf.keras from 1.14 on, not in Keras 2.3.1; None in Keras 3 alone; 'mean' from Keras 3.7
on.
- tf.keras-1.14.0: tensorflow/python/ops/losses/loss_reduction.py::ReductionV2
- keras-3.7.0: keras/src/losses/loss.py::standardize_reduction
red-auto-r2 evaluate
  refused | keras 2.2.4-3.15; tf.keras 1.13
  1.072896 | tf.keras 1.14-2.15; tf_keras | the mean
red-mean-r2 evaluate
  refused | keras 2.2.4-3.6; tf.keras; tf_keras
  1.072896 | keras 3.7-3.15
red-sum-r2 evaluate
  refused | keras 2.2.4-2.2.5
  4.291585 | keras 2.3-3.15; tf.keras; tf_keras

REDNONE: corrected
tf.keras 1.13 to 2.1 hand the array out of fit as well, they do not fail; the others report its
mean; None instead of 'none' in Keras 3 alone.
- tf.keras-2.1.4: tensorflow/python/keras/engine/training.py::Model._prepare_total_loss
- keras-2.3.1: keras/engine/training.py::Model._prepare_total_loss
red-none-r2 fit
  refused | keras 2.2.4-2.2.5 | refused: no class
  1.072896 | keras 2.3-3.15; tf.keras 2.2-2.15; tf_keras | the mean
  [0.8308919, 1.461995, 0.9227702, 1.075928] | tf.keras 1.13-2.1 | an array
red-none-batches fit
  refused | keras 2.2.4-2.2.5
  1.11842 | keras 2.3-3.15
  [1.007533, 1.427037, 0.9206892] | tf.keras 1.13-2.1
  1.095909 | tf.keras 2.2-2.15; tf_keras
red-python-none-r2 evaluate
  refused | keras 2.2.4-2.3; tf.keras; tf_keras
  1.072896 | keras 3.0-3.15

SCALARSW: corrected
Times the mean weight in 2.2, 2.3.1, tf.keras 2.2 to 2.6 and Keras 3; with weights (B, T) tf.keras
2.7 and later report a number too, 2.3.1 refuses and tf.keras 1.13 leaves the weights out.
- tf.keras-2.6.5: keras/engine/data_adapter.py::expand_1d
- tf.keras-2.7.4: keras/utils/losses_utils.py::squeeze_or_expand_dimensions
custom-scalar-sw-b evaluate
  1.051003 | keras 2.2.4-3.15; tf.keras 2.2-2.6 | times the mean weight
  refused | tf.keras 1.13-2.1, 2.7-2.15; tf_keras
custom-scalar-sw-zeros evaluate
  1.401337 | keras 2.2.4-2.2.5 | times mean weight, / share of nonzero
  0.7006683 | keras 2.3-3.15; tf.keras 2.2-2.6 | times the mean weight
  refused | tf.keras 1.13-2.1, 2.7-2.15; tf_keras
custom-scalar-sw-bt evaluate
  1.243686 | keras 2.2.4-2.2.5 | times mean weight, / share of nonzero
  refused | keras 2.3; tf.keras 1.14-2.1
  1.121069 | tf.keras 1.13 | unweighted
  0.4974745 | keras 3.0-3.15; tf.keras 2.2-2.15; tf_keras | times the mean weight

SINGLELW: corrected
A float is refused by Keras 3.0 to 3.2 (not 3.0 alone), Keras 2 and tf.keras to 2.1; list and dict
by Keras 3.0 to 3.4.
- keras-3.2.1: keras/src/trainers/compile_utils.py::CompileLoss.__init__
- keras-3.3.3: keras/src/trainers/compile_utils.py::CompileLoss.build
- tf.keras-2.1.4: tensorflow/python/keras/engine/training_utils.py::prepare_loss_weights
one-lw-float evaluate
  refused | keras 2.2.4-3.2; tf.keras 1.13-2.1
  3.218689 | keras 3.3-3.15; tf.keras 2.2-2.15; tf_keras | times 3
one-lw-list evaluate
  3.218689 | keras 2.2.4-2.3, 3.5-3.15; tf.keras; tf_keras | times 3
  refused | keras 3.0-3.4
one-lw-dict evaluate
  3.218689 | keras 2.2.4-2.3, 3.5-3.15; tf.keras; tf_keras
  refused | keras 3.0-3.4

SUMW113: confirmed
tf.keras 1.13 alone divides by the sum of weights, or of mask times weights, for a name or function
other than mse; 0 if that sum is 0.
- tf.keras-1.13.1: tensorflow/python/keras/engine/training_utils.py::weighted_masked_objective
- tf.keras-1.13.1: tensorflow/python/keras/engine/training_utils.py::get_loss_function
sw-mae-r2-b evaluate
  0.9026693 | keras 2.2.4-3.15; tf.keras 1.14-2.15; tf_keras | / number of values
  0.9628473 | tf.keras 1.13 | / sum of weights
sw-mae-r2-class-b evaluate
  refused | keras 2.2.4-2.2.5 | refused: no class
  0.9026693 | keras 2.3-3.15; tf.keras; tf_keras | / number of values
cw-cce-r2 fit
  1.773771 | keras 2.2.4-3.15; tf.keras 1.14-2.15; tf_keras
  1.182514 | tf.keras 1.13

SWMODE: confirmed
Rank 1, or rank 2 in temporal mode and of the full length, in Keras 2 and tf.keras to 2.1; any rank
later.
- keras-2.2.4: keras/engine/training_utils.py::standardize_weights
- tf.keras-2.1.4: tensorflow/python/keras/engine/training_utils.py::standardize_weights
sw-mse-r4-bhw evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.13-2.1
  1.140839 | keras 3.0-3.15; tf.keras 2.2-2.15; tf_keras | a weight for each pixel
sw-mse-r3-b1-temporal evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.13-2.1
  1.050761 | keras 3.0-3.15; tf.keras 2.2-2.15; tf_keras
sw-mse-r2-b1 evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.13-2.1
  1.132797 | keras 3.0-3.15; tf.keras 2.2-2.15; tf_keras

TFKRANK: confirmed
Keras 2, tf.keras 1.13 and 1.14 and 2.2 to 2.6 weigh the samples, 1.15 to 2.1 refuse, 2.7 and later
broadcast from the right as Keras 3 does.
- tf.keras-1.14.0: tensorflow/python/keras/utils/losses_utils.py::compute_weighted_loss
- tf.keras-1.15.5: tensorflow/python/ops/losses/util.py::scale_losses_by_sample_weight
- tf.keras-2.6.5: keras/engine/data_adapter.py::expand_1d
- tf.keras-2.7.4: keras/utils/losses_utils.py::compute_weighted_loss
sw-mse-r4-b evaluate
  1.047878 | keras 2.2.4-2.3; tf.keras 1.13-1.14, 2.2-2.6 | a weight for each sample
  refused | keras 3.0-3.15; tf.keras 1.15-2.1, 2.7-2.15; tf_keras
sw-mse-r4-square evaluate
  1.058848 | keras 2.2.4-2.3; tf.keras 1.13-1.14, 2.2-2.6 | a weight for each sample
  refused | tf.keras 1.15-2.1
  1.059728 | keras 3.0-3.15; tf.keras 2.7-2.15; tf_keras | a weight for each column
seed-bce-dice-sw evaluate
  -31.98916 | keras 2.2.4-2.3; tf.keras 1.14, 2.2-2.6
  -34.12178 | tf.keras 1.13
  refused | tf.keras 1.15-2.1
  -22.06683 | keras 3.0-3.15; tf.keras 2.7-2.15; tf_keras

TSHAPE: corrected
tf.keras 1.13 broadcasts (B, 1) over (B, C) too, only 1.14 to 2.1 refuse; a last axis of 1 is mended
from tf.keras 2.0 on; labels (B, T) are refused by Keras 2 alone; for functions of our own nothing
is checked in advance.
- tf.keras-1.13.1: tensorflow/python/keras/engine/training_utils.py::check_loss_and_target_compatibility
- tf.keras-2.1.4: tensorflow/python/keras/engine/training_utils.py::check_loss_and_target_compatibility
- tf.keras-2.0.4: tensorflow/python/keras/losses.py::LossFunctionWrapper.call
target-b1-bc evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.14-2.1
  1.00824 | keras 3.0-3.15; tf.keras 1.13, 2.2-2.15; tf_keras | broadcast over the classes
target-bt-bt1 evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.13-1.15
  1.098157 | keras 3.0-3.15; tf.keras 2.0-2.15; tf_keras | the last axis is mended
target-scce-bt evaluate
  refused | keras 2.2.4-2.3
  1.039353 | keras 3.0-3.15; tf.keras; tf_keras
target-custom-bt-bt1 evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.13-1.15
  1.098157 | keras 3.0-3.15; tf.keras 2.0-2.15; tf_keras

ZEROW: confirmed
2.2.5 divides by the share of nonzero weights too; the cut lies between 2.2.5 and 2.3.1; all weights
zero: NaN there, 0 later.
- keras-2.2.4: keras/engine/training_utils.py::weighted_masked_objective
- keras-2.3.1: keras/utils/losses_utils.py::reduce_weighted_loss
- keras-3.7.0: keras/src/losses/loss.py::reduce_values
sw-mse-r2-zeros evaluate
  1.730977 | keras 2.2.4-2.2.5 | / number of nonzero weights
  0.8654887 | keras 2.3-3.15; tf.keras; tf_keras | / number of values
sw-mse-r2-allzero evaluate
  nan | keras 2.2.4-2.2.5 | 0 / 0
  0 | keras 2.3-3.15; tf.keras; tf_keras
sw-mae-r2-zeros evaluate
  1.292969 | keras 2.2.4-2.2.5 | / number of nonzero weights
  0.6464844 | keras 2.3-3.15; tf.keras 1.14-2.15; tf_keras | / number of values
  1.034375 | tf.keras 1.13 | / sum of weights

RANK1: added
Predictions of shape (B,): tf.keras 1.13 to 1.15 compare every target with every prediction and
report an array, Keras 2 refuses; from tf.keras 2.7 on weights (B,) are refused, for the loss is one
number.
- tf.keras-1.15.5: tensorflow/python/keras/losses.py::LossFunctionWrapper.call
- tf.keras-2.0.4: tensorflow/python/keras/losses.py::LossFunctionWrapper.call
- tf.keras-2.6.5: keras/engine/data_adapter.py::expand_1d
loss-mse-r1 evaluate
  refused | keras 2.2.4-2.3
  [0.5943604, 1.222778, 0.9307861, 1.275024] | tf.keras 1.13-1.15 | an array
  1.185669 | keras 3.0-3.15; tf.keras 2.0-2.15; tf_keras | the mean
loss-mse-r1 fit
  refused | keras 2.2.4-2.3; tf.keras 1.13-1.15
  1.185669 | keras 3.0-3.15; tf.keras 2.0-2.15; tf_keras
sw-bce-r1-b evaluate
  refused | keras 2.2.4-2.3; tf.keras 1.13-2.1, 2.7-2.15; tf_keras
  0.5252515 | keras 3.0-3.15; tf.keras 2.2-2.6 | weighted

GENLIST: added
tf.keras 2.0 takes no generator whose x is a list of arrays.
- tf.keras-2.0.4: tensorflow/python/keras/engine/data_adapter.py::GeneratorDataAdapter.__init__
epoch-mask fit_generator
  1.193601 | keras 2.2.4-2.2.5, 3.2-3.15; tf.keras 2.11-2.15; tf_keras | / steps kept
  0.5571126 | keras 2.3; tf.keras 1.13-1.15, 2.1-2.10 | / all steps
  refused | tf.keras 2.0
  1.240422 | keras 3.0-3.1 | / steps kept, batches alike
epoch-mask-zero-batch fit_generator
  nan | keras 2.2.4; tf.keras 2.11-2.15; tf_keras
  0.6734763 | keras 2.2.5, 3.2-3.15
  0.4184129 | keras 2.3; tf.keras 1.13-1.15, 2.1-2.10
  refused | tf.keras 2.0
  0.8358809 | keras 3.0-3.1

COSSIGN: added
Cosine_similarity by name has the sign of a similarity in tf.keras 1.14 and 1.15 alone, so training
pushes vectors apart (seen in one case).
- tf.keras-1.14.0: tensorflow/python/keras/losses.py::cosine_proximity
- tf.keras-2.0.4: tensorflow/python/keras/losses.py::cosine_similarity
loss-cosine_similarity-r2 evaluate
  0.07695802 | keras 2.2.4-3.15; tf.keras 1.13, 2.0-2.15; tf_keras | minus the similarity
  -0.07695802 | tf.keras 1.14-1.15 | the similarity

LWPACK: added
Keras 3.0 to 3.4 refuse loss_weights as a dict beside a list of losses (seen in one case).
- keras-3.4.1: keras/src/trainers/compile_utils.py::CompileLoss.build
two-lw-dict-loss-list evaluate
  3.347867 | keras 2.2.4-2.3, 3.5-3.15; tf.keras; tf_keras | by name
  refused | keras 3.0-3.4
"""  # noqa: E501

# Seen in the records, but not rows of records/atlas/README.md: each shows in one case alone.
FURTHER = ("COSSIGN", "LWPACK")


RELEASES = tuple(releases.RELEASES)


@dataclass(frozen=True)
class Group:
    """Releases that reported the same: a number, a list of numbers, or a word."""

    outcome: object
    releases: tuple
    words: str


@dataclass(frozen=True)
class Witness:
    """A case and a method that part the releases."""

    case: str
    method: str
    log: str | None
    groups: list


@dataclass(frozen=True)
class Kind:
    """One kind of disagreement."""

    name: str
    verdict: str
    shows: str
    sources: list
    witnesses: list


def short(release):
    """Return framework and version as they are written here: keras, 2.2.4 or 3.15."""
    framework, _, version = release.rpartition("-")
    if framework == "keras" and version.startswith("2.2."):
        return framework, version
    return framework, ".".join(version.split(".")[:2])


def releases(ranges):
    """Return the names of the releases in `keras 2.2.4-2.2.5, 3.0-3.15; tf_keras`."""
    found = []
    for part in ranges.split("; "):
        framework, _, spans = part.partition(" ")
        line = {short(name)[1]: name for name in RELEASES if short(name)[0] == framework}
        versions = list(line)
        for span in spans.split(", ") if spans else [f"{versions[0]}-{versions[-1]}"]:
            first, _, last = span.partition("-")
            start, stop = versions.index(first), versions.index(last or first)
            assert start <= stop, f"{framework} {span} runs backwards"
            found += [line[version] for version in versions[start : stop + 1]]
    return tuple(found)


def outcome(text):
    """Return a number, a list of them, or a word."""
    if text.startswith("["):
        return [outcome(part) for part in text[1:-1].split(", ")]
    return float(text) if re.match(r"-?\d|nan|-?inf", text) else text


def kind(block):
    """Return the kind that a block of lines describes."""
    first, *lines = block.splitlines()
    name, verdict = first.split(": ")
    shows, sources, witnesses = [], [], []
    for line in lines:
        if line.startswith("  "):
            number, ranges, *words = (part.strip() for part in line.split("|"))
            group = Group(outcome(number), releases(ranges), "".join(words))
            witnesses[-1].groups.append(group)
        elif line.startswith("- "):
            sources.append(line[2:])
        elif sources:
            case, method, *log = line.split()
            witnesses.append(Witness(case, method, log[0] if log else None, []))
        else:
            shows.append(line)
    return Kind(name, verdict, " ".join(shows), sources, witnesses)


KINDS = tuple(kind(block) for block in DATA.strip().split("\n\n"))

"""What all rooms build on: arrays of NumPy or of Keras's backend, and checks with messages."""

from lossbook._core.arguments import (
    check_number,
    described,
    is_number,
    is_whole,
    listed,
    one_number,
)
from lossbook._core.arrays import (
    active_backend,
    asarray,
    attached_mask,
    check_dtype,
    collected_warnings,
    divide_no_nan,
    dtype_name,
    epsilon,
    floatx,
    installed_keras,
    is_float,
    known_values,
    namespace,
    shape_of,
    size,
    squeeze_or_expand_to_same_rank,
    to_numpy,
    unknown_lengths,
    warn,
)
from lossbook._core.checks import (
    check_axis,
    check_broadcast,
    check_compatible,
    check_finite,
    check_fit,
    check_mask,
    check_not_empty,
    check_same_shape,
    check_sum_of_weights,
    check_values_exist,
    warn_lost_axis,
)
from lossbook._core.home import section_on, site_page, with_section
from lossbook._core.keras_private import attach_mask, private
from lossbook._core.later import keras, ops
from lossbook._core.text import counted, four_digits, html_table, simple_fraction, text_table
from lossbook._core.types import Array, ArrayLike

"""The exercises of the chapters: for each its right answer, and what known wrong answers mean.

The questions themselves stand in the chapters, one module here for each. The answers are computed,
never listed.
"""

from lossbook._exercises import (
    additional_losses,
    atlas,
    case_study,
    class_axis,
    custom_losses,
    elementwise,
    epochs,
    keras_2,
    masks,
    mean_of_means,
    one_number,
    outputs,
    reduction,
    rosetta,
    weights,
    your_model,
)
from lossbook._exercises.exercise import Exercise

__all__ = ["EXERCISES", "Exercise"]

EXERCISES = {
    **one_number.EXERCISES,
    **elementwise.EXERCISES,
    **class_axis.EXERCISES,
    **masks.EXERCISES,
    **weights.EXERCISES,
    **reduction.EXERCISES,
    **outputs.EXERCISES,
    **additional_losses.EXERCISES,
    **epochs.EXERCISES,
    **mean_of_means.EXERCISES,
    **custom_losses.EXERCISES,
    **case_study.EXERCISES,
    **your_model.EXERCISES,
    **keras_2.EXERCISES,
    **atlas.EXERCISES,
    **rosetta.EXERCISES,
}

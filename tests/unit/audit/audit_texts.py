"""What audit says of every planted hazard: message, fix, and evidence but for Keras's words."""

from lossbook._core.arrays import installed_keras

# planted: (severity, message, fix, evidence)
TEXTS = {
    "weights_along_time": (
        "error",
        (
            "Output 'out': sample_weight of shape (4,) meets values of shape (4, 4): Keras "
            "matches shapes from the last axis, so they act on axis -1, not on the samples."
        ),
        "Give it the shape (4, 1) for one weight per sample, (4, 4) for one per value.",
        (
            "sample_weight.shape = (4,); values.shape = (4, 4); this batch = 0.5475; with "
            "weights (4, 1) = 0.5273"
        ),
    ),
    "weights_multiplied_outwards": (
        "error",
        (
            "Output 'out': sample_weight of shape (4,) meets values of shape (4, 3, 1): they "
            "multiply to (4, 3, 4), every value with every weight."
        ),
        ("Give it the shape (4, 1, 1) for one weight per sample, (4, 3, 1) for one per value."),
        (
            "sample_weight.shape = (4,); values.shape = (4, 3, 1); this batch = 0.5257; with "
            "weights (4, 1, 1) = 0.5481"
        ),
    ),
    "weights_refused": (
        "error",
        (
            "Output 'out': sample_weight of shape (4,) does not fit values of shape (4, 3): "
            "Keras matches shapes from the last axis, and fails."
        ),
        "Give it the shape (4, 1) for one weight per sample, (4, 3) for one per value.",
        (
            "y_true.shape = (4, 3, 1); y_pred.shape = (4, 3, 1); values.shape = (4, 3); "
            "sample_weight.shape = (4,)"
        ),
    ),
    "logits_without_flag": (
        "error",
        (
            "Output 'out': binary_crossentropy takes probabilities. Predictions outside of 0 "
            "to 1: 6 of 8, from -3 to 4. They look like logits, and Keras clips them."
        ),
        "End the output in a sigmoid, or compile with from_logits=True.",
        "y_pred.shape = (4, 2); lowest = -3; highest = 4; activation = unknown",
    ),
    "logits_of_classes_without_flag": (
        "error",
        (
            "Output 'out': categorical_crossentropy takes probabilities. Predictions outside "
            "of 0 to 1: 7 of 12, from -3 to 4. They look like logits, and Keras clips them."
        ),
        "End the output in a softmax, or compile with from_logits=True.",
        "y_pred.shape = (4, 3); lowest = -3; highest = 4; activation = unknown",
    ),
    "logits_of_numbers_without_flag": (
        "error",
        (
            "Output 'out': sparse_categorical_crossentropy takes probabilities. Predictions "
            "outside of 0 to 1: 7 of 12, from -3 to 4. They look like logits, and Keras clips "
            "them."
        ),
        "End the output in a softmax, or compile with from_logits=True.",
        "y_pred.shape = (4, 3); lowest = -3; highest = 4; activation = unknown",
    ),
    "logits_to_dice": (
        "error",
        (
            "Output 'out': dice takes probabilities. Predictions outside of 0 to 1: 19 of 24, "
            "from -2.984 to 2.61. They look like logits."
        ),
        "End the output in a sigmoid.",
        "y_pred.shape = (4, 6); lowest = -2.984; highest = 2.61; activation = unknown",
    ),
    "flag_on_sigmoid": (
        "warning",
        (
            "Output 'out': from_logits=True, but the output ends in a sigmoid. Keras on "
            "TensorFlow finds the logits behind it and uses those; on another backend, in "
            "mixed precision or after a reshape the loss is another."
        ),
        "Leave from_logits=True out, or the sigmoid.",
        "y_pred.shape = (8, 4); lowest = 0.04817; highest = 0.9518; activation = sigmoid",
    ),
    "flag_on_softmax": (
        "warning",
        (
            "Output 'out': from_logits=True, but the output ends in a softmax. Keras on "
            "TensorFlow finds the logits behind it and uses those; on another backend, in "
            "mixed precision or after a reshape the loss is another."
        ),
        "Leave from_logits=True out, or the softmax.",
        "y_pred.shape = (8, 4); lowest = 0.002342; highest = 0.8601; activation = softmax",
    ),
    "flag_on_probabilities": (
        "error",
        (
            "Output 'out': from_logits=True, but all 32 predictions are probabilities, from "
            "0.02314 to 0.5837: Keras puts them through another softmax."
        ),
        "Leave from_logits=True out, or the activation of the output.",
        "y_pred.shape = (8, 4); lowest = 0.02314; highest = 0.5837; activation = unknown",
    ),
    "categorical_on_sigmoid": (
        "error",
        (
            "Output 'out': categorical_crossentropy takes one distribution per row. Rows of "
            "predictions that don't add up to 1: 7 of 8. Keras takes the softmax of the logits "
            "behind them instead."
        ),
        (
            "For one class per row end the output in a softmax over the class axis; for "
            "several classes per row keep the sigmoid and take binary_crossentropy."
        ),
        (
            "y_pred.shape = (8, 4); lowest = 0.04817; highest = 0.9518; activation = sigmoid; "
            "lowest sum = 1.007; highest sum = 3.243"
        ),
    ),
    "sums_other_than_one": (
        "error",
        (
            "Output 'out': categorical_crossentropy takes one distribution per row. Rows of "
            "predictions that don't add up to 1: 8 of 8. Keras divides them by their sum."
        ),
        (
            "For one class per row end the output in a softmax over the class axis; for "
            "several classes per row keep the sigmoid and take binary_crossentropy."
        ),
        (
            "y_pred.shape = (8, 4); lowest = 0.05246; highest = 0.9475; activation = unknown; "
            "lowest sum = 1.068; highest sum = 2.956"
        ),
    ),
    "one_class": (
        "error",
        (
            "Output 'out': categorical_crossentropy compares classes, but y_pred of shape (8, "
            "1) has one: a distribution over one class is always 1, and the loss says nothing."
        ),
        (
            "For two classes give the output two units, or one with a sigmoid and "
            "binary_crossentropy."
        ),
        "y_pred.shape = (8, 1); lowest = 1; highest = 1; activation = softmax",
    ),
    "probabilities_of_zero": (
        "warning",
        (
            "Output 'out': probabilities that are 0 for what is true, or 1 for what is not: 1. "
            "Keras clips them at 1e-7: their loss stays at 16.12 or below, their gradient is 0."
        ),
        ("Let the output return logits and compile with from_logits=True: they are not clipped."),
        (
            "y_pred.shape = (4, 3); lowest = 0; highest = 0.8916; activation = unknown; dtype "
            "= float32; clipped = 1; largest loss = 16.12"
        ),
    ),
    "underflow": (
        "warning",
        (
            "Output 'same': probabilities that are 0 for what is true, or 1 for what is not: "
            "2. Keras clips them at 1e-7: their loss stays at 16.12 or below, their gradient "
            "is 0. They are float16, which rounds to 1 what is near to it."
        ),
        (
            "Give the output layer dtype='float32', or let it return logits and compile with "
            "from_logits=True."
        ),
        (
            "y_pred.shape = (4, 3); lowest = 0.5127; highest = 1; activation = sigmoid; dtype "
            "= float16; clipped = 2; largest loss = 16.12"
        ),
    ),
    "labels_of_a_class_too_many": (
        "error",
        (
            "Output 'out': sparse_categorical_crossentropy takes class numbers from 0 to 2, "
            "but the targets go from 0 to 3: Keras fails."
        ),
        (
            "Number the classes from 0, and give the output one unit per class; labels that "
            "are to be left out need ignore_class, or a weight of 0 and a number that exists."
        ),
        "y_true.shape = (4,); y_pred.shape = (4, 3); lowest = 0; highest = 3",
    ),
    "labels_of_minus_one": (
        "error",
        (
            "Output 'out': binary_crossentropy takes probabilities from 0 to 1. Targets "
            "outside of that: 2 of 6. Keras computes with them or fails, by loss and backend."
        ),
        "Bring the targets into that range, or take a loss for such targets.",
        (
            "y_true.shape = (3, 2); targets = 6; out of range = 2; lowest of them = -1; "
            "highest of them = -1"
        ),
    ),
    "several_hot": (
        "error",
        (
            "Output 'out': categorical_crossentropy takes one distribution per row. Rows of "
            "targets that don't add up to 1: 2 of 4. A row counts by its sum."
        ),
        (
            "For one class per row pass one-hot rows; for several classes per row take a "
            "sigmoid and binary_crossentropy."
        ),
        "y_true.shape = (4, 3); rows = 4; rows of another sum = 2; such as = [2]",
    ),
    "rows_of_zeros": (
        "warning",
        (
            "Output 'out': rows of targets that are all 0: 1 of 4. Their loss is 0, and they "
            "stay in the denominator."
        ),
        (
            "If these rows have no label, mask them; if they belong to one more class, give it "
            "a column."
        ),
        "y_true.shape = (4, 3); rows = 4; rows of zeros = 1",
    ),
    "column_against_columns": (
        "error",
        (
            "Output 'out': y_true of shape (4, 1) and y_pred of shape (4, 3) are broadcast to "
            "(4, 3): predictions are compared with targets of others."
        ),
        "Give y_true the shape (4, 3).",
        "y_true.shape = (4, 1); y_pred.shape = (4, 3); compared = (4, 3)",
    ),
    "rank_of_a_subclass": (
        "error",
        (
            "Output 'out': y_true of shape (6,) and y_pred of shape (6, 1) are broadcast to "
            "(6, 6): predictions are compared with targets of others. A Loss subclass gets no "
            "ranks aligned."
        ),
        "Give y_true the shape (6, 1).",
        "y_true.shape = (6,); y_pred.shape = (6, 1); compared = (6, 6)",
    ),
    "targets_refused": (
        "error",
        (
            "Output 'out': mean_squared_error refuses y_true of shape (4, 2) with y_pred of "
            "shape (4, 3): Keras fails."
        ),
        "Give y_true the shape (4, 3).",
        "y_true.shape = (4, 2); y_pred.shape = (4, 3)",
    ),
    "numbers_for_rows": (
        "error",
        (
            "Output 'out': categorical_crossentropy refuses y_true of shape (4,) with y_pred "
            "of shape (4, 3): Keras fails."
        ),
        "For class numbers take sparse_categorical_crossentropy.",
        "y_true.shape = (4,); y_pred.shape = (4, 3)",
    ),
    "weighted_scalar": (
        "error",
        (
            "Output 'out': the loss function returns values of shape (), not one per row. A "
            "sample_weight of shape (4,) cannot reach the rows: it counts by its own mean, 2.5."
        ),
        "Return one value per row, shape (batch, ...), and leave the mean to Keras.",
        (
            "sample_weight.shape = (4,); values.shape = (); value = [0.2103]; mean of the "
            "weights = 2.5"
        ),
    ),
    "masked_scalar": (
        "error",
        (
            "Output 'masking': the loss function returns values of shape (), not one per row. "
            "The mask comes too late. Masked positions that count in the loss: 5 of 20."
        ),
        "Return one value per row, shape (batch, ...), and leave the mean to Keras.",
        "mask.shape = (4, 5); values.shape = ()",
    ),
    "root_of_the_batch": (
        "warning",
        (
            "Output 'out': the loss of a row depends on the other rows of its batch: the mean "
            "over batches is not the loss of all rows, and moves with the batch size."
        ),
        (
            "Compute one value per row, shape (batch, ...), or compare runs of the same batch "
            "size only."
        ),
        "values.shape = (); rows = 4; batches = 1",
    ),
    "mean_over_the_batch": (
        "note",
        (
            "Output 'out': the loss function averages the batch itself, values of shape (3,): "
            "no sample_weight, class_weight or mask can reach a row."
        ),
        "Return one value per row, shape (batch, ...), and leave the mean to Keras.",
        "values.shape = (3,); rows = 4",
    ),
    "dice_in_batches": (
        "note",
        (
            "Output 'out': the loss of a row depends on the other rows of its batch: the mean "
            "over batches is not the loss of all rows, and moves with the batch size."
        ),
        (
            "Compute one value per row, shape (batch, ...), or compare runs of the same batch "
            "size only."
        ),
        "values.shape = (); rows = 2; batches = 2",
    ),
    "mask_lost_in_arithmetic": (
        "error",
        (
            "Output 'multiply': a mask was lost in operation 'multiply' (Multiply). Masked "
            "positions that count in the loss: 5 of 20."
        ),
        (
            "Put what loses it into a layer with supports_masking = True, set the mask again "
            "in compute_mask, or pass it as sample_weight, with "
            "reduction='mean_with_sample_weight'."
        ),
        (
            "mask.shape = (4, 5); values.shape = (4, 5); masked values that count = 5; mean of "
            "all values = 0.1579; mean of unmasked values = 0.1127"
        ),
    ),
    "mask_lost_in_a_layer": (
        "error",
        (
            "Output 'plain': a mask was lost in layer 'plain' (Plain). Masked positions that "
            "count in the loss: 5 of 20."
        ),
        (
            "Put what loses it into a layer with supports_masking = True, set the mask again "
            "in compute_mask, or pass it as sample_weight, with "
            "reduction='mean_with_sample_weight'."
        ),
        (
            "mask.shape = (4, 5); values.shape = (4, 5); masked values that count = 5; mean of "
            "all values = 0.1579; mean of unmasked values = 0.1127"
        ),
    ),
    "mask_lost_in_a_wrapper": (
        "error",
        (
            "Output 'steps': a mask was lost in layer 'steps' (TimeDistributed). Masked positions "
            "that count in the loss: 5 of 20."
        ),
        (
            f"Set supports_masking = True on that layer, which Keras {installed_keras()} leaves "
            "False, before the model is built, or pass it as sample_weight, with "
            "reduction='mean_with_sample_weight'."
        ),
        (
            "mask.shape = (4, 5); values.shape = (4, 5); masked values that count = 5; mean of "
            "all values = 0.1579; mean of unmasked values = 0.1127"
        ),
    ),
    "mask_lost_in_a_subclass": (
        "error",
        (
            "Output 'output': a mask was lost in plain operations between layer 'embedding' "
            "(Embedding) and layer 'dense' (Dense). Masked positions that count in the loss: 3 "
            "of 9."
        ),
        (
            "Put what loses it into a layer with supports_masking = True, set the mask again "
            "in compute_mask, or pass it as sample_weight, with "
            "reduction='mean_with_sample_weight'."
        ),
        (
            "mask.shape = (3, 3); values.shape = (3, 3); masked values that count = 3; mean of "
            "all values = 0.3641; mean of unmasked values = 0.2911"
        ),
    ),
    "mask_of_another_rank": (
        "error",
        (
            "Output 'masking': a mask of shape (5, 5) meets values of shape (5,): they "
            "multiply to (5, 5), every value with every position of the mask."
        ),
        (
            "Let the loss return one value per position of the mask. If y_pred ends in an axis "
            "of length 1, give y_true that axis too."
        ),
        "mask.shape = (5, 5); values.shape = (5,); masked = 9",
    ),
    "mask_refused": (
        "error",
        (
            "Output 'masking': a mask of shape (4, 5) does not fit values of shape (4,): Keras "
            "fails."
        ),
        "Give y_true the shape (4, 5, 1): without it y_pred loses its last axis.",
        (
            "y_true.shape = (4, 5); y_pred.shape = (4, 5, 1); values.shape = (4,); mask.shape "
            "= (4, 5)"
        ),
    ),
    "masks_in_batches": (
        "note",
        (
            "Output 'masking': batches keep between 2 and 10 values, but count by their rows: "
            "the result moves with the batch size."
        ),
        (
            "Evaluate with the same batch size each time; for the mean of all kept values take "
            "one batch, or a metric with the mask as sample_weight."
        ),
        "this output = 0.1577; mean of all kept values = 0.1196; kept per batch = [10, 2]",
    ),
    "forgotten_class": (
        "warning",
        (
            "Output 'out': class 1 has 0.5 % of the positions and 1.5 % of the loss, but its IoU "
            "is 0 and its recall 0: the loss hardly sees what is wrong with it."
        ),
        (
            "Watch a metric per class. To raise its share give its values a greater "
            "sample_weight, or average the loss class by class."
        ),
        (
            "share of the positions = {1: 0.005}; share of the loss by class = {1: 0.01499}; IoU = "
            "{1: 0}; recall = {1: 0}; true elements = {1: 1}"
        ),
    ),
    "rare_class": (
        "warning",
        (
            "Output 'out': class 1 has 0.5 % of the positions and 50 % of the loss, but its IoU is "
            "0 and its recall 0: the loss hardly sees what is wrong with it."
        ),
        (
            "Watch a metric per class. To raise its share give its values a greater "
            "sample_weight, or average the loss class by class."
        ),
        (
            "share of the positions = {1: 0.005}; share of the loss by class = {1: 0.5}; IoU = "
            "{1: 0}; recall = {1: 0}; true elements = {1: 1}"
        ),
    ),
    "summed": (
        "warning",
        (
            "Output 'out': reduction='sum' adds up all values of a batch, shape (4,): loss and "
            "step size grow with the batch size and with every axis."
        ),
        (
            "Use 'sum_over_batch_size', or keep the batch size fixed and choose the learning "
            "rate for it."
        ),
        "values.shape = (4,); sums per batch = [0.8411]",
    ),
    "unreduced": (
        "warning",
        (
            "Output 'out': no reduction: Keras averages values of shape (4,) to report them, "
            "but fit takes the gradient of their sum."
        ),
        "Use 'sum_over_batch_size' for compile(); no reduction is for loops of your own.",
        "values.shape = (4,)",
    ),
    "zero_weights": (
        "warning",
        (
            "Output 'out': weights of 0: 2 of 4. They leave the sum but stay in the "
            "denominator: the loss is that of the others, times 0.5."
        ),
        (
            "To leave values out use a mask, or reduction='mean_with_sample_weight', which "
            "divides by the sum of the weights."
        ),
        "weights = 4; zeros = 2; sum / all = 0.1083; sum / nonzero = 0.2165",
    ),
    "penalised": (
        "warning",
        (
            "Regularisers and add_loss make 30 of the loss, the data 2.006: most of it is "
            "'out/kernel'. The loss may fall while nothing improves."
        ),
        "Lower the factor of that term, or judge the model by a metric.",
        "data = 2.006; additional = {out/kernel: 30}",
    ),
    "nan_in_targets": (
        "error",
        "Output 'out': NaN or infinity in 1 of 4 values of the loss.",
        "Replace them before the loss, for example with keras.ops.nan_to_num.",
        (
            "values.shape = (4,); first at (batch, *index) = (0, 2); source = NaN or infinity: "
            "1 in y_true; under a mask or weight 0 = 0"
        ),
    ),
    "nan_under_the_mask": (
        "error",
        (
            "Output 'masking': NaN or infinity in 1 of 20 values of the loss. Under a mask or "
            "a weight of 0: 1. It does not remove them, for 0 times NaN is NaN."
        ),
        (
            "Replace them before the loss, for example with keras.ops.nan_to_num: in the data, "
            "where the mask leaves them out."
        ),
        (
            "values.shape = (4, 5); first at (batch, *index) = (0, 1, 4); source = NaN or "
            "infinity: 2 in y_true; under a mask or weight 0 = 1"
        ),
    ),
    "infinite_loss": (
        "error",
        "Output 'out': NaN or infinity in 1 of 4 values of the loss.",
        "Keep the loss function away from log(0), 0 / 0 and overflow.",
        (
            "values.shape = (4,); first at (batch, *index) = (0, 0); source = y_true and "
            "y_pred are finite: the loss function makes them; under a mask or weight 0 = 0"
        ),
    ),
    "nan_weights": (
        "error",
        "Output 'out': NaN or infinity among the sample weights: 1. So is the loss.",
        "Replace them: a weight of 0 leaves a value out of the sum.",
        "weights that are no numbers = 1",
    ),
    "class_weight_on_images": (
        "error",
        ("class_weight needs one label per row, but y_true has the shape (4, 2, 2, 3): fit fails."),
        "Pass sample_weight of shape (4, 2, 2) instead, made from the labels.",
        "y_true.shape = (4, 2, 2, 3)",
    ),
    "class_weight_with_weights": (
        "error",
        "fit takes class_weight or sample_weight, not both: fit fails.",
        "Multiply them yourself and pass the product as sample_weight.",
        "y_true.shape = (4, 3)",
    ),
    "class_weight_on_several_labels": (
        "error",
        (
            "class_weight takes the arg max over the last axis of y_true, shape (4, 3). Rows "
            "that are not one-hot: 3 of 4. Each is weighed by one of its classes, or by a "
            "position taken for a class."
        ),
        "Pass sample_weight of the shape of the values instead.",
        "y_true.shape = (4, 3); first row = [1, 1, 0]",
    ),
    "class_weight_on_steps": (
        "error",
        (
            "class_weight takes the arg max over the last axis of y_true, shape (4, 4). Rows "
            "that are not one-hot: 4 of 4. Each is weighed by one of its classes, or by a "
            "position taken for a class."
        ),
        "Pass sample_weight of the shape of the values instead.",
        "y_true.shape = (4, 4); first row = [0, 1, 2, 1]",
    ),
    "class_weight_on_numbers": (
        "error",
        (
            "class_weight needs class numbers. Targets that are none: 4 of 4. Each is rounded "
            "to one."
        ),
        "Pass sample_weight instead, computed from the targets.",
        "y_true.shape = (4, 1); first targets = [0.5106, 0.9054, 0.1797, 0.9038]",
    ),
    "class_weight_without_a_class": (
        "warning",
        "class_weight does not name all classes: [2] weigh 1, in 1 of 4 rows.",
        "Name every class; the keys are whole numbers, not strings.",
        "y_true.shape = (4,); class_weight = {0: 1, 1: 2}; classes = [0, 1, 2]",
    ),
    "weight_of_zero": (
        "warning",
        (
            "Output 'far': its loss weight is 0. Its loss is computed and reported, but adds "
            "nothing and trains nothing."
        ),
        "Give it a loss weight, or None as its loss.",
        "loss_weight = 0; other outputs = 1",
    ),
    "one_output_dwarfs": (
        "warning",
        "Output 'far' makes 99.99 % of the loss of 2 outputs: the others hardly count.",
        "Set loss_weights that bring the outputs to one scale, or scale the targets.",
        "share of the loss = {near: 0.0001007, far: 0.9999}",
    ),
    "wrong_names": (
        "error",
        (
            "Keras cannot put the loss of this model together: the losses, loss weights or "
            "targets don't match the outputs."
        ),
        (
            "Compare the names and the order of the outputs with those of loss, loss_weights, "
            "y and sample_weight."
        ),
        "",
    ),
    "sum_in_batches": (
        "warning",
        (
            "Output 'out': the loss adds up each batch. Rows of the last one: 1 instead of 2, "
            "and a value of the last one counts 0.5 times as much as of the others."
        ),
        "Take a batch size that divides the number of rows, or drop the remainder.",
        "rows per batch = [2, 2, 1]; batches = 3; times = 0.5",
    ),
    "dice_with_a_short_batch": (
        "warning",
        (
            "Output 'out': the loss reduces each batch by itself. Rows of the last one: 1 "
            "instead of 2, and it counts by its rows, though a smaller batch gives another "
            "loss."
        ),
        "Take a batch size that divides the number of rows, or drop the remainder.",
        "rows per batch = [2, 2, 1]; batches = 3",
    ),
    "half_loss": (
        "warning",
        (
            "Output 'out': the loss is computed in float16: it has 3 digits, and clips "
            "probabilities at another number than float32."
        ),
        (
            "Leave dtype out of the loss, or set dtype='float32'; the layers may stay in half "
            "precision."
        ),
        "loss dtype = float16; values in a batch = 4; sum = 0.841",
    ),
    "unscaled": (
        "warning",
        (
            "Layers that compute in float16: 1, such as 'out'. Nothing scales the loss for "
            "them: gradients below 6e-8 become 0."
        ),
        (
            "Wrap the optimizer in keras.optimizers.LossScaleOptimizer. compile() does so "
            "where the policy mixed_float16 is that of the whole model."
        ),
        "optimizer = SGD; layers in float16 = 1",
    ),
    "weighted_mean_in_batches": (
        "warning",
        (
            "Output 'out': mean_with_sample_weight divides in every batch by that batch's sum "
            "of weights, and the epoch counts batches by rows: the result is not the weighted "
            "mean of all rows, and moves with the batch size."
        ),
        (
            "Evaluate in one batch, or divide the weights by their mean over all rows and use "
            "'sum_over_batch_size'."
        ),
        "this output = 0.2288; weighted mean of all = 0.2132; sums of weights = [2, 14]",
    ),
    "fewer_weights": (
        "error",
        (
            "Output 'out': mean_with_sample_weight divides by the sum of the weights, shape "
            "(4, 1), but adds up 12 values: the result is 3 times the weighted mean."
        ),
        "Give the weights the full shape (4, 3).",
        "sample_weight.shape = (4, 1); values.shape = (4, 3); times = 3",
    ),
    "binary_on_softmax": (
        "error",
        (
            "Output 'out': binary_crossentropy takes the logits that Keras finds behind y_pred "
            "for those of a sigmoid, but another activation made y_pred: the loss is that of "
            "other probabilities."
        ),
        (
            "For one class per row take categorical_crossentropy; for several end the output "
            "in a sigmoid."
        ),
        (
            "y_pred.shape = (8, 4); lowest = 0.002342; highest = 0.8601; activation = softmax; "
            "elements that differ = 32; by up to = 0.6355"
        ),
    ),
}

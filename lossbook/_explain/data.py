"""Class weights, turned into sample weights as `fit` does it; `evaluate` takes none."""

from lossbook import reduction
from lossbook._core import keras


def with_class_weight(x, y, sample_weight, class_weight):
    """Return (x, y, sample_weight) for evaluate, with the class weights in them.

    Raises:
        ValueError: for what `fit` refuses as well: sample weights beside class weights, several
            outputs, generators.
    """
    if class_weight is None:
        return x, y, sample_weight
    if not isinstance(class_weight, dict):
        raise ValueError(
            "class_weight must be a dict, class number -> weight. "
            f"Received: {type(class_weight).__name__}."
        )
    if sample_weight is not None:
        raise ValueError(
            "class_weight and sample_weight were both given, which fit refuses: "
            "multiply them yourself and pass the product as sample_weight."
        )
    if y is not None:
        _one_output(y)
        return x, y, reduction.class_weights(y, class_weight)
    if isinstance(x, keras.utils.PyDataset):
        return _weighted(x, class_weight), None, None
    if hasattr(x, "map") and hasattr(x, "element_spec"):  # a tf.data.Dataset
        from lossbook._model import dataset_with_class_weight

        return dataset_with_class_weight(x, class_weight), None, None
    raise ValueError(
        f"class_weight cannot be given with data of type {type(x).__name__}, nor can it in fit: "
        "let it yield (x, y, sample_weight)."
    )


def _one_output(y):
    if isinstance(y, (dict, tuple)) or (
        isinstance(y, list) and any(hasattr(p, "shape") for p in y)
    ):
        raise ValueError(
            "class_weight is for models with a single output, in fit as here. "
            "Pass sample_weight, one array per output."
        )


def _weighted(dataset, class_weight):
    """Return a PyDataset that yields (x, y, sample_weight)."""

    class Weighted(keras.utils.PyDataset):
        def __getitem__(self, index):
            batch = tuple(dataset[index])
            if len(batch) != 2:
                raise ValueError(
                    "class_weight needs batches (x, y). This PyDataset yields tuples of length "
                    f"{len(batch)}: weights of its own cannot be combined with class_weight."
                )
            _one_output(batch[1])
            return *batch, reduction.class_weights(batch[1], class_weight)

        @property
        def num_batches(self):
            return dataset.num_batches

        def on_epoch_begin(self):
            dataset.on_epoch_begin()

        def on_epoch_end(self):
            dataset.on_epoch_end()

    return Weighted(
        workers=dataset.workers,
        use_multiprocessing=dataset.use_multiprocessing,
        max_queue_size=dataset.max_queue_size,
    )

"""Small synthetic data, made from a seed: nothing is downloaded.

from lossbook import data

images, labels = data.segmentation(8, size=64, seed=1)
"""

import numpy as np

from lossbook._core import described, is_whole

CLASSES = ("ground", "disk", "square", "triangle", "spot")
"""The classes of `segmentation`, in the order of their numbers."""

RARE = 10
"""One image in `RARE` has a spot."""

_COLOURS = np.array(
    [
        [0.35, 0.45, 0.35],  # ground
        [0.75, 0.35, 0.30],  # disk
        [0.30, 0.40, 0.75],  # square
        [0.75, 0.70, 0.30],  # triangle
        [0.10, 0.75, 0.75],  # spot
    ]
)
_NOISE = 0.08  # standard deviation, per channel of a pixel
_SPOT = 0.07  # radius, in sides of the image


def segmentation(count: int, size: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return images of four common classes and a rare, small one, and the class of every pixel.

    A disk, a square and a triangle lie on the ground of every image, in any order; they may hide
    one another. A spot lies on top of them in image 0, 10, 20, ...: one image in ten, and few of
    its pixels. Lengths are parts of the image's side, so that another `size` shows the same scenes
    finer or coarser. Noise is added to every pixel.

    Args:
        count: how many images, at least 1.
        size: height and width in pixels, at least 16.
        seed: of NumPy's `default_rng`; another seed gives other scenes.

    Returns:
        images: float32 `(count, size, size, 3)`, most of them within 0 and 1.
        labels: int32 `(count, size, size)`, numbers of `CLASSES`.

    Raises:
        ValueError: `count`, `size` or `seed` is too small, or no whole number.

    Examples:
        >>> images, labels = segmentation(20, size=32, seed=1)
        >>> images.shape, labels.shape
        ((20, 32, 32, 3), (20, 32, 32))
        >>> [int((one == 4).sum() > 0) for one in labels[:12]]
        [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    """
    count = _whole("count", count, 1)
    size = _whole("size", size, 16)
    rng = np.random.default_rng(_whole("seed", seed, 0))
    labels = np.stack([_scene(rng, size, spot=i % RARE == 0) for i in range(count)])
    images = _COLOURS[labels] + rng.normal(0, _NOISE, (count, size, size, 3))
    return images.astype("float32"), labels


def _whole(name, value, least):
    """Return `value` as an int, or say what is wrong with it."""
    if not is_whole(value, least):
        raise ValueError(
            f"`{name}` must be a whole number, at least {least}. "
            f"Received: {name}={described(value)}"
        )
    return int(value)


def _scene(rng, size, spot):
    """Return the classes of one image. The random numbers drawn don't depend on `size`."""
    row, column = (np.mgrid[:size, :size] + 0.5) / size
    labels = np.zeros((size, size), "int32")
    for shape in rng.permutation([1, 2, 3]):
        y, x = rng.uniform(0.2, 0.8, 2)
        half = rng.uniform(0.14, 0.22)
        inside = {
            1: (row - y) ** 2 + (column - x) ** 2 < half**2,
            2: np.maximum(abs(row - y), abs(column - x)) < 0.9 * half,
            3: (abs(column - x) < 0.6 * (row - y + half)) & (row - y < half),
        }
        labels[inside[int(shape)]] = shape
    y, x = rng.uniform(0.1, 0.9, 2)
    if spot:
        labels[(row - y) ** 2 + (column - x) ** 2 < _SPOT**2] = 4
    return labels

"""Part I of the book: the path in Keras 3."""

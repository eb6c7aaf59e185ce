"""trace(): the path of one output, and Keras's own lines."""

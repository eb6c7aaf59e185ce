"""What is measured on the first rows: batch sizes, weights, masks, derivatives, metrics."""

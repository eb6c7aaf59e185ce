"""What the data themselves say: weights without a sum, nothing that counts, marks for 'unknown'."""

"""What a loss is: the catalogue of Keras's losses, and the call of one of them."""

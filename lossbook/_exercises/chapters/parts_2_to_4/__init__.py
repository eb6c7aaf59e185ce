"""Parts II to IV: where it goes wrong, your own model, before and elsewhere."""

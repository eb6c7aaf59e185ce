"""What the checkers share: an exercise, how an answer is compared, and what a wrong one is."""

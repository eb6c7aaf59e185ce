"""What only one kind of loss gets wrong: CTC, regions, padding, directions, percentages."""

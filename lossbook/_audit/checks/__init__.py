"""What an audit looks for, one file for each family of hazards."""

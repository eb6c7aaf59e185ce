"""What everything else stands on: arrays of any backend, and the checks of their shapes."""

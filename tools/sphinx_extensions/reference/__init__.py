"""Sphinx extensions for the reference: the functions of the package, the rules."""

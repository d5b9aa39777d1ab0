"""Vestry from Python and notebooks: the commands' work as functions, a run as an object."""

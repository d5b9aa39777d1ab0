"""The version, where everything may read it without importing the public classes."""

__version__ = "0.1.0"

"""Vestry: which model for my small labelled images, and is a committee worth its cost?"""

__version__ = "0.1.0"

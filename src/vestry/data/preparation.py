"""How the images of a data source were made of pictures, by which whoever predicts makes his."""

from typing import Literal

Preparation = Literal["resized", "stored", "photograph"]
"""resized: of picture files, each set upright, laid on white and resized (`image_file.pixels_of`).
stored: arrays as they were found; what pictures they were made of, and how, is not known.
photograph: of photographs that were trimmed, negated, made grey, fitted and centred, as
Fashion-MNIST's were (Xiao, Rasul and Vollgraf 2017, section 2)."""

PREPARATIONS: tuple[Preparation, ...] = ("resized", "stored", "photograph")

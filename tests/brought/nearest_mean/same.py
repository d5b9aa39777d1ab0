"""A kind that has the name of one of Vestry's own, which is refused."""

from dataclasses import replace

from nearest_mean.kind import NEAREST_MEAN

KIND = replace(NEAREST_MEAN, name="layers")

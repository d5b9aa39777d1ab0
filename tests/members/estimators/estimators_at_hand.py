"""Estimators with bad habits, for the process of a test itself."""

import os
import sys

import numpy as np
from sklearn.naive_bayes import GaussianNB


class Writes(GaussianNB):
    """Writes into all that it is given, and changes what all code in a process shares."""

    def __init__(self, parts=()):
        super().__init__()
        self.parts = parts

    def fit(self, X, y):  # noqa: N803
        super().fit(X, y)
        X[:], y[:] = 0, 0
        self.parts[0][0] = "changed"
        self.change()
        return self

    def predict(self, X):  # noqa: N803
        found = super().predict(X)
        X[:] = 0
        self.change()
        return found

    def change(self):
        np.seterr(all="raise")
        os.chdir("/")
        sys.path.clear()


class Draws(GaussianNB):
    def fit(self, X, y):  # noqa: N803
        chosen = np.random.rand(len(X)) < 0.5
        return super().fit(X[chosen], y[chosen])

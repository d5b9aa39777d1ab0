"""Estimators as a user may write them beside a study, with all their bad habits."""

import json
import multiprocessing
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.naive_bayes import GaussianNB


class Plain(GaussianNB):
    calls = 0

    def fit(self, X, y):  # noqa: N803
        type(self).calls += 1
        if type(self).calls > 1:
            y = np.roll(y, 1)  # what a class remembers must not reach its next fit
        return super().fit(X, y)


class Bare:
    """No more than is asked: `fit`, `predict` and `predict_proba`."""

    def fit(self, X, y):  # noqa: N803
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares = counts / counts.sum()
        return self

    def predict_proba(self, X):  # noqa: N803
        return np.tile(self.shares, (len(X), 1))

    def predict(self, X):  # noqa: N803
        return self.classes_[self.predict_proba(X).argmax(1)]


class Writes(Plain):
    """Writes into everything that it is given."""

    def fit(self, X, y):  # noqa: N803
        super().fit(X, y)
        X[:], y[:] = 0, 0
        return self

    def predict(self, X):  # noqa: N803
        found = super().predict(X)
        X[:] = 0
        return found


class Changes(Plain):
    """Changes what all code in a process shares."""

    def fit(self, X, y):  # noqa: N803
        super().fit(X, y)
        np.seterr(all="raise")
        np.random.seed(3)
        random.seed(3)
        warnings.simplefilter("error")
        sklearn.set_config(assume_finite=True, transform_output="pandas")
        os.chdir("/")
        os.environ["PATH"] = "/nowhere"
        sys.path.clear()
        np.argmax = lambda *given, **named: 0
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return self


class Draws(GaussianNB):
    """Draws from the generators that everybody shares."""

    def fit(self, X, y):  # noqa: N803
        chosen = np.random.rand(len(X)) + random.random() < 1  # noqa: S311
        return super().fit(X[chosen], y[chosen])


class Babbles(Plain):
    """Prints on every way there is."""

    def fit(self, X, y):  # noqa: N803
        print("[1]\n{}\nnonsense")
        os.write(1, b'\xff{"event": "done"}\n')
        os.system("echo from a shell")  # noqa: S605
        return super().fit(X, y)


class Leaves(Plain):
    def fit(self, X, y):  # noqa: N803
        sys.exit("enough")


class Hangs(Plain):
    """Starts processes that never end, and says which."""

    def __init__(self, says="processes.json"):
        super().__init__()
        self.says = says

    def fit(self, X, y):  # noqa: N803
        pool = multiprocessing.Pool(2)
        processes = [os.getpid(), *(p.pid for p in multiprocessing.active_children())]
        Path(f"{self.says}.part").write_text(json.dumps(processes))
        Path(f"{self.says}.part").rename(self.says)
        pool.map(time.sleep, [600, 600])

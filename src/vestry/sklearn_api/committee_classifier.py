"""A committee of scikit-learn classifiers, under one of this project's rules."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import Bunch, _safe_indexing, assert_all_finite, get_tags, indexable
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from vestry.committees.committee import Committee
from vestry.committees.committee_settings import CommitteeSettings
from vestry.members.estimators.fitted_estimator import fit_temperature
from vestry.predictions.table import ProbabilityTable, Split
from vestry.sklearn_api.checks import ParameterError, checked, held_out_rows, seed_of
from vestry.sklearn_api.network_input import flat_rows
from vestry.sklearn_api.scores import (
    Labels,
    Named,
    Scores,
    fitted,
    fitted_on,
    lacks_probabilities,
    member_scores,
    out_of_fold_scores,
    tables,
)


class CommitteeClassifier(ClassifierMixin, _BaseComposition):  # type: ignore[misc]  # sklearn is untyped
    """Several classifiers as one: their probabilities under one of Vestry's committee rules.

    Rules "mean", "geometric" and "vote" learn nothing: members are fitted on all rows. "weighted",
    "stacking" and "greedy" learn, and only from rows that the members had not seen:

    - `cv` of folds: from out-of-fold probabilities of all rows, after which the members are fitted
      on all rows. It costs a fit a fold more, and is the default because members lose no row by it.
    - `cv=None`: from `validation_fraction` of the rows, every class its share. The members are
      fitted once, on the other rows, and not again, so that the rule judges the very members that
      it combines. This is what a study does, and pays where rows are many or fits are long.

    A member without `predict_proba` speaks through a softmax over its `decision_function`, whose
    temperature is fitted in the same way; so with such a member there are held-out rows under every
    rule.

    Parameters
    ----------
    estimators : list of (name, classifier); "drop" in a classifier's place leaves it out. Two or
        more must remain. Members are cloned, and fitted on labels 0..classes-1.
    rule : "mean", "weighted", "geometric", "vote", "stacking" or "greedy".
    by, rounds, start : the rule's own options, as in a study file: by for "weighted"; rounds and
        start for "greedy". None takes the study file's defaults.
    options : further options of the rule by name, of one that another package brings.
    cv : a number of folds, stratified by class; a scikit-learn splitter in which every row is held
        out once; or None to hold one part out.
    validation_fraction : of the rows, held out where `cv` is None and something has to be learnt.
    random_state : decides which rows these are; the members have their own.

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_ : as everywhere in scikit-learn.
    estimators_, named_estimators_ : fitted members.
    committee_ : the fitted rule; `committee_.card()` says what it learnt.
    temperatures_ : by name, of members that have no probabilities of their own.
    held_out_rows_ : rows that the members were not fitted on; None where they were fitted on all.

    `fit` raises ParameterError, a ValueError, for parameters or members that cannot be.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.model_selection import train_test_split
    >>> from vestry import CommitteeClassifier, NetworkClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> network = NetworkClassifier(image_shape=(8, 8), epochs=5, random_state=0)
    >>> forest = RandomForestClassifier(random_state=0)
    >>> committee = CommitteeClassifier([("network", network), ("forest", forest)])
    >>> committee.fit(X, y).score(X_test, y_test) > 0.95
    True
    >>> sorted(committee.members_proba(X_test))
    ['forest', 'network']
    """

    def __init__(  # noqa: PLR0913 - parameters are scikit-learn's settings
        self,
        estimators: Sequence[tuple[str, Any]],
        rule: str = "mean",
        *,
        by: str | None = None,
        rounds: int | None = None,
        start: int | None = None,
        options: Mapping[str, Any] | None = None,
        cv: Any = 5,
        validation_fraction: float = 0.2,
        random_state: Any = None,
    ) -> None:
        self.estimators = estimators
        self.rule = rule
        self.by = by
        self.rounds = rounds
        self.start = start
        self.options = options
        self.cv = cv
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Own parameters and, if `deep`, the members by name, and theirs as `name__parameter`."""
        return dict(self._get_params("estimators", deep=deep))

    def set_params(self, **params: Any) -> "CommitteeClassifier":
        """Set own parameters, members by name, or theirs as `name__parameter`."""
        self._set_params("estimators", **params)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        given = self.estimators if isinstance(self.estimators, list | tuple) else ()
        members = [get_tags(entry[1]) for entry in given if entry[1] != "drop"]
        tags.input_tags.allow_nan = all(member.input_tags.allow_nan for member in members)
        tags.input_tags.sparse = all(member.input_tags.sparse for member in members)
        return tags

    def fit(self, X: Any, y: Any) -> "CommitteeClassifier":  # noqa: N803 - scikit-learn's name
        """Fit the members, and the rule where it learns, on rows X and their (n,) labels y."""
        members = self._members()
        committee = self._committee([name for name, _ in members])
        lacking = [(name, member) for name, member in members if lacks_probabilities(name, member)]
        X, y = indexable(X, y)  # noqa: N806 - scikit-learn's name
        labels = self._labels(X, y)
        judged = members if committee.learns else lacking
        rows, scores = self._seated(members, judged, X, labels)
        self.temperatures_ = {
            name: fit_temperature(scores[name], labels[rows]) for name, _ in lacking
        }
        if committee.learns:
            split: Split = "training" if self.held_out_rows_ is None else "validation"
            given = tables(scores, self.temperatures_, self.classes_, split)
            committee.fit(given, labels[rows])
        else:
            nothing = np.empty((len(members), 0, len(self.classes_)))
            committee.rule_ = committee.fitted(nothing, labels[:0], {})
        self.committee_ = committee
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:  # noqa: N803 - scikit-learn's name
        """(n, classes) probabilities of the committee, columns in the order of `classes_`."""
        check_is_fitted(self)
        return self.committee_.table(self._own_tables(X)).probabilities

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803 - scikit-learn's name
        """(n,) the most probable class of each row."""
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def members_proba(self, X: Any) -> dict[str, NDArray[np.float32]]:  # noqa: N803
        """(n, classes) probabilities of each member, by its name."""
        check_is_fitted(self)
        return {table.maker: table.probabilities for table in self._own_tables(X)}

    def _members(self) -> Named:
        """The members that are not dropped, once their names are known to be good."""
        named = list(self.estimators)
        self._validate_names([name for name, _ in named])
        kept = [(name, member) for name, member in named if member != "drop"]
        if len(kept) < 2:
            raise ParameterError(
                f"a committee needs two members or more; `estimators` has {len(kept)} not dropped"
            )
        return kept

    def _committee(self, names: list[str]) -> Committee:
        options = {"by": self.by, "rounds": self.rounds, "start": self.start}
        options |= self.options or {}
        kind = type(self).__name__
        settings = checked(
            CommitteeSettings, kind, name=kind, rule=self.rule, members=names, **options
        )
        return Committee(kind, settings.rule, settings.options)

    def _labels(self, X: Any, y: Any) -> Labels:  # noqa: N803 - scikit-learn's name
        """(n,) places in `classes_`. Columns of X are noted; what they hold, the members judge."""
        validate_data(self, flat_rows(X)[0], y, skip_check_array=True)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ParameterError("y holds one class only; a classifier needs two classes or more")
        return np.asarray(labels)

    def _seated(
        self,
        members: Named,
        judged: Named,
        X: Any,  # noqa: N803 - scikit-learn's name
        labels: Labels,
    ) -> tuple[Labels, Scores]:
        """Fit the members; rows, and what those to be judged say of them without having seen them.

        No scores where there is nobody to be judged: then all have seen all.
        """
        self.held_out_rows_: Labels | None = None
        rows = np.arange(len(labels))
        scores: Scores = {}
        if judged and self.cv is None:
            learnt, rows = held_out_rows(
                labels, self.validation_fraction, seed_of(self.random_state)
            )
            self.held_out_rows_ = rows
            seated = fitted_on(members, X, labels, learnt)
            scores = member_scores(seated, _safe_indexing(X, rows), len(self.classes_))
        else:
            if judged:
                scores = out_of_fold_scores(judged, X, labels, self.cv)
            seated = fitted(members, X, labels)
        self.estimators_ = [member for _, member in seated]
        self.named_estimators_ = Bunch(**dict(seated))
        return rows, scores

    def _own_tables(self, X: Any) -> list[ProbabilityTable]:  # noqa: N803 - scikit-learn's name
        rows, _ = flat_rows(X)
        if hasattr(self, "n_features_in_") and getattr(rows, "ndim", 2) == 1:
            raise ParameterError(
                "X has one dimension. Reshape your data: X.reshape(1, -1) is a single row"
            )
        validate_data(self, rows, reset=False, skip_check_array=True)
        seated = list(self.named_estimators_.items())
        scores = member_scores(seated, X, len(self.classes_))
        return tables(scores, self.temperatures_, self.classes_, "fresh")

"""What choices by the validation rows add to a model's figures of them, from its folders."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vestry.evaluation.optimism import optimism_of_member
from vestry.pipeline.planned_model import PlannedModel
from vestry.pipeline.run_files import Tables
from vestry.predictions.table import Labels
from vestry.schema.optimism import Optimism
from vestry.storage.tried import EPOCHS, TRIALS, load_tried, load_tried_trials


def optimism(
    model: PlannedModel, folders: Iterable[Path], seeds: Iterable[Tables], truth: Labels
) -> Optimism | None:
    """folders, seeds: of each seed's fit, and its tables. truth: of the validation rows. None where
    they chose nothing: out-of-fold rows have no say in the models that they are asked of."""
    if model.study_folds:
        return None
    right = np.stack([tables["validation"].labels == truth for tables in seeds])
    trials = load_tried_trials(model.search.folder / TRIALS) if model.search else None
    return optimism_of_member([load_tried(each / EPOCHS) for each in folders], trials, right)

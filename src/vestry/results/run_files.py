"""A run's own files, written when everything is compared."""

import shutil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset
from vestry.data.sealed import Rows
from vestry.data.split_record import split_record
from vestry.data.thumbnails import Pictures, read_pictures, save_thumbnails
from vestry.evaluation.shown_images import shown_ids
from vestry.results.member_folders import PICTURES, own_picture
from vestry.run_folder import RunFolder, atomic_path, write_json, write_text
from vestry.study_reader import StudyFile
from vestry.tasks.exploration import Explored

Results = dict[str, Any]


def write_run(
    file: StudyFile,
    dataset: Dataset,
    run: RunFolder,
    results: Results,
    explored: Explored | None,
    altered: Pictures,
) -> None:
    """Write the run's own files; `results.json`, which speaks of all of them, comes last.

    altered: the pictures of the altered image, by their ids.
    """
    write_text(run.study, file.study.as_toml())
    write_json(run.environment, results["environment"])
    write_json(run.split, split_record(dataset))
    wanted = shown_ids(results)
    rows: list[Rows] = [dataset.training, dataset.validation, dataset.test]
    made = {**made_pictures(run, results), **altered, **(explored.pictures if explored else {})}
    save_thumbnails(rows, wanted, run.images, made)
    save_correlation(explored, run)
    write_json(run.results, results)


def save_correlation(explored: Explored | None, run: RunFolder) -> None:
    """Show the exploration's matrix among the run's figures, or remove one that was left there."""
    if explored is None:
        run.exploration.unlink(missing_ok=True)
        return
    with atomic_path(run.exploration) as temporary:
        shutil.copyfile(explored.correlation, temporary)


def made_pictures(run: RunFolder, results: Results) -> dict[str, NDArray[np.uint8]]:
    """Pictures that are no rows of the data: augmented variants, by the ids in the results."""
    return {
        own_picture(name, picture): image
        for name in results["members"]
        for picture, image in read_pictures(run.member(name) / PICTURES).items()
    }

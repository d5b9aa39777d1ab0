"""Fits to be done by a member alone, without a study."""

from vestry.members.kind import FitJob


def fit_job(images, labels, rows, classes, workspace, **more):
    """rows: how many of the first train, and up to which one those after them validate."""
    training, last = rows
    usual = {"seed": 0, "threads": 1, "on_event": lambda event: None}
    return FitJob(
        images=images[:training],
        labels=labels[:training],
        validation_images=images[training:last],
        validation_labels=labels[training:last],
        classes=classes,
        workspace=workspace,
        **usual | more,
    )

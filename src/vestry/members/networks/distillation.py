"""What a study file says of a student: whose answers it learns from, and how."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TEACHER_FILE = "onnx:"
"""What a teacher's name begins with that is a file."""
Targets = Literal["out_of_fold", "in_sample", "augmented"]


class Distillation(BaseModel):
    """Of a network with a `teacher` (Hinton, Vinyals and Dean, "Distilling the knowledge in a
    neural network", 2015)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(
        2.0, gt=0, le=100, description="both softmaxes' temperature: more is softer"
    )
    mix: float = Field(
        1.0,
        gt=0,
        le=1,
        description="the teacher's part in the loss; the labels have the rest",
    )
    targets: Targets | None = Field(
        None,
        description="what it learns from: `out_of_fold`, what models of the teacher say that have "
        "not learnt from the row; `in_sample`, what the teacher itself says; `augmented`, what it "
        "says of the images as they are altered. By default out_of_fold where the study chooses by "
        "folds, else augmented where images are altered, else in_sample",
    )
    copies: Annotated[int, Field(ge=1, le=10_000)] = Field(
        8,
        description="of augmented: so many alterations of each image, one an epoch and in turns; "
        "the teacher is asked about each once",
    )

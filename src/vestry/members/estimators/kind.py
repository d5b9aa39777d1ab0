"""The kind `estimator`: any class with the scikit-learn contract, by its import path."""

from vestry.members.estimators.estimator_settings import EstimatorSettings
from vestry.members.kind import ModelKind, Plan


class EstimatorPlan(Plan):
    def size_up(self, settings: EstimatorSettings) -> tuple[str, int]:
        """One core, unless the study says otherwise: most estimators use no second one."""
        return settings.estimator, 1


ESTIMATOR = ModelKind(
    name="estimator",
    settings=EstimatorSettings,
    implementation="vestry.members.estimators.estimator",
    plan=EstimatorPlan,
    words="estimator",
    libraries=("scikit-learn", "numpy", "scipy", "skl2onnx", "onnxruntime"),
)

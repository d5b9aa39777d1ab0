"""`medmnist:NAME`: the eleven 2D sets of MedMNIST that have one label a picture, 28 x 28.

J. Yang et al.: MedMNIST v2 - A large-scale lightweight benchmark for 2D and 3D biomedical image
classification, Scientific Data 10, 2023. The makers publish MD5 sums and no others.
"""

from dataclasses import dataclass, replace

from vestry.data.image_set import ImageSet, Source
from vestry.data.published import PublishedFile, PublishedSet
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest
from vestry.data.sources import npz
from vestry.errors import StudyError, did_you_mean

_HOSTS = ("https://zenodo.org/records/10519652/files/",)
_ORGANS = (
    "bladder|femur-left|femur-right|heart|kidney-left|kidney-right|liver|lung-left|lung-right|"
    "pancreas|spleen"
)


@dataclass(frozen=True)
class _MedicalSet:
    """md5: of its .npz. classes: by label, joined by "|". licence: as the makers state it."""

    md5: str
    classes: str
    licence: str = "CC BY 4.0"


_SETS = {
    "bloodmnist": _MedicalSet(
        "7053d0359d879ad8a5505303e11de1dc",
        "basophil|eosinophil|erythroblast|immature granulocyte|lymphocyte|monocyte|neutrophil|"
        "platelet",
    ),
    "breastmnist": _MedicalSet("750601b1f35ba3300ea97c75c52ff8f6", "malignant|normal or benign"),
    "dermamnist": _MedicalSet(
        "0744692d530f8e62ec473284d019b0c7",
        "actinic keratoses and intraepithelial carcinoma|basal cell carcinoma|"
        "benign keratosis-like lesions|dermatofibroma|melanoma|melanocytic nevi|vascular lesions",
        "CC BY-NC 4.0",
    ),
    "octmnist": _MedicalSet(
        "c68d92d5b585d8d81f7112f81e2d0842",
        "choroidal neovascularization|diabetic macular edema|drusen|normal",
    ),
    "organamnist": _MedicalSet("68e3f8846a6bd62f0c9bf841c0d9eacc", _ORGANS),
    "organcmnist": _MedicalSet("b9ceb9546e10131b32923c5bbeaea2b1", _ORGANS),
    "organsmnist": _MedicalSet("9ab87b696fb54e2a387ebe992d6ed5f1", _ORGANS),
    "pathmnist": _MedicalSet(
        "a8b06965200029087d5bd730944a56c1",
        "adipose|background|debris|lymphocytes|mucus|smooth muscle|normal colon mucosa|"
        "cancer-associated stroma|colorectal adenocarcinoma epithelium",
    ),
    "pneumoniamnist": _MedicalSet("28209eda62fecd6e6a2d98b1501bb15f", "normal|pneumonia"),
    "retinamnist": _MedicalSet("bd4c0672f1bba3e3a89f0e4e876791e4", "0|1|2|3|4"),
    "tissuemnist": _MedicalSet(
        "ebe78ee8b05294063de985d821c1c34b",
        "collecting duct, connecting tubule|distal convoluted tubule|glomerular endothelial cells|"
        "interstitial endothelial cells|leukocytes|podocytes|proximal tubule segments|"
        "thick ascending limb",
    ),
}


def published_set(name: str) -> PublishedSet:
    """The set of that name. Raises StudyError with the names that there are."""
    if name not in _SETS:
        near = did_you_mean(name.strip().lower(), list(_SETS))
        raise StudyError(
            f"medmnist:{name}: no set of that name.{near} There are {', '.join(_SETS)}"
        )
    file = PublishedFile(f"{name}.npz", None, f"md5:{_SETS[name].md5}")
    return PublishedSet(f"medmnist:{name}", f"MedMNIST's {name}", _HOSTS, (file,), "medmnist")


def load(published: PublishedSet, name: str, request: SourceRequest) -> Source:
    """Its own training, validation and test rows, with the classes' names."""
    folder = published.ready(request.places, request.on_progress)
    source = npz.load(folder / published.files[0].name, request.text)
    classes = tuple(_SETS[name].classes.split("|"))

    def named(rows: ImageSet | None) -> ImageSet | None:
        fits = rows is not None and len(rows.classes) == len(classes)
        return replace(rows, classes=classes) if rows is not None and fits else rows

    return replace(
        source,
        train=named(source.train) or source.train,
        validation=named(source.validation),
        test=named(source.test),
        licence=f"{_SETS[name].licence}, https://medmnist.com",
    )


def _name(request: SourceRequest) -> str:
    return request.text.partition(":")[2]


SOURCES.register(
    SourceKind(
        "medmnist",
        f"medical pictures, 28 x 28 (downloaded): {', '.join(_SETS)}",
        lambda request: load(published_set(_name(request)), _name(request), request),
        takes="NAME",
        takes_path=False,
        published=published_set,
    )
)

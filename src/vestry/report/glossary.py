"""The page's terms for who never took statistics: two plain sentences each, one click away.

The page lists them, and its script (`templates/glossary.js`) links each mention to its term.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """name: as the list has it. text: two sentences. phrases: by which sentences mention it."""

    name: str
    text: str
    phrases: tuple[str, ...] = ()


GLOSSARY: Mapping[str, Term] = {
    "ablation": Term(
        "Ablation",
        "The same model with one thing taken away or changed. The difference between the two says "
        "what that one thing is worth.",
    ),
    "abstention": Term(
        "Abstention",
        "Saying \u201cnot sure\u201d instead of a class where the confidence is low. The fewer "
        "images are answered, the more of the answers are right.",
    ),
    "accuracy": Term(
        "Accuracy",
        "The share of images that a model calls by their right class. Where one class is far "
        "commoner than the others it says little: always naming that class scores high.",
    ),
    "adjusted": Term(
        "Adjusted p (Holm)",
        "Of twenty tests one finds a difference by luck alone. Holm\u2019s adjustment asks more of "
        "each test the more there are, so that any false alarm among all has a chance of at most "
        "5%.",
        ("adjusted p", "Holm\u2019s adjustment", "Holm"),
    ),
    "augmentation": Term(
        "Augmentation",
        "Training images are shifted, turned or flipped a little each time they are shown. The "
        "model then learns the thing in the picture, and not its place.",
    ),
    "balanced-accuracy": Term(
        "Balanced accuracy",
        "The share of images found, worked out for each class alone and then averaged. A rare "
        "class counts as much as a common one.",
        ("balanced accuracy", "Balanced accuracy"),
    ),
    "baseline": Term(
        "Most frequent class",
        "What one gets right without any model, by always naming the commonest class. A model that "
        "is not shown to be better than that has learnt nothing of use.",
        ("most frequent class",),
    ),
    "calibration": Term(
        "Calibration",
        "Whether a model that says 80% is right in 80 of 100 such cases. A model can name the "
        "right class often and still be far too sure of itself.",
        ("calibration error", "reliability", "calibrated"),
    ),
    "committee": Term(
        "Committee",
        "Several models that answer together, for instance by the mean of their probabilities. It "
        "costs as much as all its members, so it has to be worth that.",
    ),
    "conformal": Term(
        "Set of classes (conformal)",
        "An answer that may name several classes, as few as will hold the right one in, say, 90% "
        "of images. Clear pictures get one class, unclear ones more.",
        ("sets of classes", "conformal"),
    ),
    "confusion": Term(
        "Confusion matrix",
        "A table with a row for each true class and a column for each answer. What stands beside "
        "the diagonal are mistakes: which class was taken for which.",
        ("confusion matrix",),
    ),
    "early-stopping": Term(
        "Early stopping",
        "Training ends when the validation images stop getting better. Going on would teach the "
        "model its training images by heart.",
        ("early stopping",),
    ),
    "epoch": Term(
        "Epoch",
        "One pass through all training images. Networks need several; curves show what each one "
        "brought.",
    ),
    "evidence": Term(
        "Too few images",
        "Two models are so near each other that these images cannot tell which is better. That "
        "does not make them equal: with more images one of them might turn out ahead.",
        ("Too few images", "too few images"),
    ),
    "f1": Term(
        "F1",
        "One figure from precision and recall, near the smaller of the two. Macro F1 is its mean "
        "over all classes, so that rare classes count as much as common ones.",
        ("macro F1", "Macro F1"),
    ),
    "folds": Term(
        "Folds",
        "The images are dealt into, say, five parts; each part is answered by a model that learnt "
        "from the other four. So every image gets an answer by a model that had not seen it.",
        ("out-of-fold", "cross-validation"),
    ),
    "interval": Term(
        "95% interval",
        "Other test images would have given a slightly different figure. Made in this way, 95 of "
        "100 such intervals hold the figure that endlessly many images would give.",
        ("95% intervals", "95% interval"),
    ),
    "label-issue": Term(
        "Label issue",
        "An image whose given label the models doubt together. Look at it: either the label is "
        "wrong, or the picture is hard.",
        ("label issues", "doubted labels"),
    ),
    "leak": Term(
        "Leak",
        "A test image that also stands among the images that models learnt from, exactly or "
        "almost. A model may know it by heart, so figures with such images flatter.",
        ("leaked",),
    ),
    "level": Term(
        "Within 1 point",
        "Two models are called level where a test shows that they differ by less than the margin "
        "that the study sets, often 1 point. That is more than not finding a difference.",
        ("shown to be within", "shown to be less than"),
    ),
    "log-loss": Term(
        "Log loss",
        "How surprised a model is by the truth: small where it gave the right class a high "
        "probability. Being wrong and very sure costs most; 0 would be perfect.",
        ("log loss",),
    ),
    "log-scale": Term(
        "Log scale",
        "Equal steps along the axis stand for equal factors: from 1 to 10 is as far as from 10 to "
        "100. So quick and slow models fit into one figure.",
        ("log scale",),
    ),
    "mcnemar": Term(
        "McNemar\u2019s test",
        "It looks only at the images that one of two models gets right and the other wrong. If "
        "these fall on one side far more often than a coin would, the difference is no luck.",
        ("McNemar\u2019s test",),
    ),
    "nested-folds": Term(
        "Nested folds",
        "With few images, each part is tested by a model that was chosen by the other parts alone. "
        "So every image can be learnt from, and none has a say in the choice that it tests.",
        ("nested folds",),
    ),
    "overfitting": Term(
        "Overfitting",
        "A model knows its training images better than new ones. A large gap between the two "
        "figures says that it learnt by heart.",
        ("overfitting", "overfits"),
    ),
    "parameters": Term(
        "Parameters",
        "The numbers inside a model that training sets. More of them can learn more, and take more "
        "space and time.",
    ),
    "pareto": Term(
        "Pareto front",
        "The models that no other one beats in both accuracy and cost. Whoever picks any other "
        "model pays more for less.",
        ("Pareto front",),
    ),
    "points": Term(
        "Points",
        "Percentage points: from 90% to 91% is one point. It says how many more of a hundred "
        "images are right.",
    ),
    "precision": Term(
        "Precision",
        "Of the images that a model calls by a class, the share that are of it. It is low where a "
        "model names the class too freely.",
        ("precision",),
    ),
    "recall": Term(
        "Recall",
        "Of the images of a class, the share that a model finds. It is low where a model misses "
        "the class often.",
        ("recall",),
    ),
    "robustness": Term(
        "Altered images",
        "The same test images, made noisy, blurred, dark or shifted. They show how a model fares "
        "where pictures are worse than those it learnt from.",
        ("altered images",),
    ),
    "roc-auc": Term(
        "Area under the ROC curve",
        "The chance that an image of a class gets a higher probability of it than one that is not "
        "of it. 50% is guessing, 100% never mixes them up.",
        ("area under the ROC curve",),
    ),
    "seed": Term(
        "Seed",
        "The number that fixes all chance in training: where a network starts, in which order it "
        "sees images. Other seeds give slightly other models, and how far these differ is luck.",
        ("seeds",),
    ),
    "selection-bias": Term(
        "Selection bias",
        "Whoever picks the best of many by a figure picks some luck with it. So that figure is too "
        "good, and the next images will bring a little less.",
        ("selection bias",),
    ),
    "significant": Term(
        "Significant difference",
        "One so large that luck alone would bring it in fewer than 5 of 100 studies like this. No "
        "significant difference is not the same as equal: perhaps there were too few images.",
        ("no significant difference", "significantly", "significant"),
    ),
    "test": Term(
        "Test images",
        "Images that are kept back until the end; no model learns from them and none is chosen by "
        "them. So their figure is what to expect of new images of the same kind.",
        ("test images",),
    ),
    "validation": Term(
        "Validation images",
        "Images that models do not learn from, but are chosen by. Because they choose, the figure "
        "of the winner is a little too good.",
        ("validation images",),
    ),
}

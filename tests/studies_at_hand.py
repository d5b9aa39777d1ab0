"""Studies that take seconds, on the embedded digits."""

LEFT_OUT = """exploration = { skip = true }
robustness = { skip = true }
explanation = { skip = true }
"""


def head(title, take, epochs, batch_size):
    """The keys that the studies share, and their network, which further keys may follow."""
    return f"""
title = "{title}"
{LEFT_OUT}[data]
source = "digits"
validation = {{ fraction = 0.2, take = "{take}" }}
[training]
epochs = {epochs}
batch_size = {batch_size}
[[member]]
name = "Net"
layers = [{{ conv = 8, kernel = 3 }}, {{ pool = 2 }}, {{ flatten = true }}, {{ dense = 16 }}]
"""


def with_everything(text):
    """A study with what the others leave out because it takes time, in little."""
    little = {"exploration": "sample = 150", "robustness": "rows = 100"}
    little |= {"explanation": "images = 2, mistakes = 2"}
    for name, settings in little.items():
        text = text.replace(f"{name} = {{ skip = true }}", f"{name} = {{ {settings} }}")
    return text


SMALL_STUDY = (
    head("Small", take="last", epochs=2, batch_size=64)
    + """[[member]]
name = "Linear"
estimator = "sklearn.linear_model.RidgeClassifier"
[[committee]]
name = "Both"
members = ["Net", "Linear"]
"""
)

SEARCH_STUDY = (
    head("Searched", take="random", epochs=4, batch_size=32)
    + """seeds = [0, 1]
cross_validation = { folds = 3, reported = { accuracy = 0.9 }, reported_on = "test" }
[[member]]
name = "Tuned"
layers = [
    { conv = { choose = [4, 8, 16] }, kernel = 3 },
    { pool = 2 },
    { flatten = true },
    { dense = { between = [8, 64], log = true } },
    { dropout = { between = [0.0, 0.5] } },
]
learning_rate = { between = [1e-3, 1e-2], log = true }
search = { trials = 8, epochs = 3, rows = 600 }
seeds = [0, 1]
[[member]]
name = "Neighbours"
estimator = "sklearn.neighbors.KNeighborsClassifier"
params = { n_neighbors = { choose = [1, 3, 30] } }
search = { trials = 3, sampler = "tpe" }
cross_validation = { folds = 3 }
[[member]]
name = "Tree"
estimator = "sklearn.tree.DecisionTreeClassifier"
images_per_class = [5, 20, 60]
seeds = [0, 1]
[[committee]]
name = "Stacked"
rule = "stacking"
fit_on = "out_of_fold"
members = ["Net", "Neighbours"]
"""
)

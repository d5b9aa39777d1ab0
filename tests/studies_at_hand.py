"""A study that takes seconds: two members and a committee on the embedded digits."""

SMALL_STUDY = """
title = "Small"
[data]
source = "digits"
validation = { fraction = 0.2, take = "last" }
[training]
epochs = 2
batch_size = 64
[[member]]
name = "Net"
layers = [{ conv = 8, kernel = 3 }, { pool = 2 }, { flatten = true }, { dense = 16 }]
[[member]]
name = "Linear"
estimator = "sklearn.linear_model.RidgeClassifier"
[[committee]]
name = "Both"
members = ["Net", "Linear"]
"""

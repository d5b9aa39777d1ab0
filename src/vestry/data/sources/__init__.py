"""The data sources that a study can name, one a file; each registers its `SourceKind`."""

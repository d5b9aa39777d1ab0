"""The steps that `features` may have, one a file; each registers itself."""

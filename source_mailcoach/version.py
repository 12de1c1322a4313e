"""The version of this connector, the same as in pyproject.toml, metadata.yaml and the image's label."""

__version__ = "0.1.0"

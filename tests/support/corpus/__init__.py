"""Bad files, made when they are needed: each with what must become of it and what must be said of it."""

from corpus import codes, kinds, names, sheets, sizes, tables, texts, values  # noqa: F401 - each adds its cases
from corpus.case import CASES, Case

__all__ = ["CASES", "Case"]

"""YAML of strangers: what stands for itself elsewhere stays one thing, and what is merged in is counted. Pure."""

from __future__ import annotations

from typing import Any

import yaml

from runs.engine.foreign import bounded

MOST_MERGED = 100_000
# The same language as yaml.SafeLoader reads, ten times as fast where libyaml is there.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(LOADER):  # type: ignore[misc]
    """Counts what `<<` copies: a chain of mappings that take in the one before twice doubles with each."""

    merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        self.merged += len(node.value)
        if self.merged > MOST_MERGED:
            raise yaml.YAMLError(f"it merges more than {MOST_MERGED:,} entries")


def from_yaml(text: str) -> Any:
    """The document. Raises `yaml.YAMLError`, `ValueError` and `RecursionError`; nests no deeper than JSON may."""
    found = yaml.load(text, _Loader)  # noqa: S506
    bounded(found)
    return found

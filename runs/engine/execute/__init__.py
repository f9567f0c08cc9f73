"""Executing a shard of tests: work in, a stream of events out."""

from runs.engine.execute.shard import execute

__all__ = ["execute"]

"""Proving proposals: clean replays, mutations that a test must notice, and what is left of it then."""

from runs.engine.prove.proof_shard import prove

__all__ = ["prove"]

"""Executing a shard of tests: work in, a stream of events out; and trying a sign-in."""

from runs.engine.execute.shard_runner import execute
from runs.engine.execute.trying import try_sign_in

__all__ = ["execute", "try_sign_in"]

"""Generate tests without a model: from what a crawl saw, and from what the application did when things were tried."""

from runs.engine.generate.propose import propose

__all__ = ["propose"]

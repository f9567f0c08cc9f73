"""Discover a site: which pages there are, what they show, and how they hang together."""

from runs.engine.crawl.canonical import canonical
from runs.engine.crawl.explorer import crawl

__all__ = ["canonical", "crawl"]

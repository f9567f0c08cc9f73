"""Discover a site: which pages there are, what they show, and how they hang together."""

from runs.engine.crawl.canonical import canonical
from runs.engine.crawl.crawling import crawl
from runs.engine.crawl.reachability import closed, trusted

__all__ = ["canonical", "closed", "crawl", "trusted"]

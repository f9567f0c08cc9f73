"""The only reader of runs for everything outside the ledger: rows → reports, plans, stories."""

from runs.reading.covering import coverage
from runs.reading.crawled import changed_templates, known_signatures, known_tests, observations, snapshots
from runs.reading.planning import (
    OptionsInvalid,
    SecretsMissing,
    crawl_options,
    crawl_plan,
    proof_plan,
    run_options,
    shard_plan,
    site,
)
from runs.reading.reporting import causes, diagnosis, document, failed_tests, harmless, history, report
from runs.reading.run_progress import counts, counts_of, events, page_counts, page_counts_of

__all__ = [
    "OptionsInvalid",
    "SecretsMissing",
    "causes",
    "changed_templates",
    "counts",
    "counts_of",
    "coverage",
    "crawl_options",
    "crawl_plan",
    "diagnosis",
    "document",
    "events",
    "failed_tests",
    "harmless",
    "history",
    "known_signatures",
    "known_tests",
    "observations",
    "page_counts",
    "page_counts_of",
    "proof_plan",
    "report",
    "run_options",
    "shard_plan",
    "site",
    "snapshots",
]

"""The only reader of runs for everything outside the ledger: rows → reports, plans, stories."""

from runs.reading.covering import coverage
from runs.reading.crawled import changed_templates, known_signatures, known_tests, observations, snapshots
from runs.reading.numbers import (
    counted_by,
    counted_where,
    expected_work,
    largest_groups,
    newest_version,
    page_kinds_of_tests,
    review_numbers,
    visited_page_kinds,
    with_last_results,
    with_last_runs,
)
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
    "counted_by",
    "counted_where",
    "counts",
    "counts_of",
    "coverage",
    "crawl_options",
    "crawl_plan",
    "diagnosis",
    "document",
    "events",
    "expected_work",
    "failed_tests",
    "harmless",
    "history",
    "known_signatures",
    "known_tests",
    "largest_groups",
    "newest_version",
    "observations",
    "page_counts",
    "page_counts_of",
    "page_kinds_of_tests",
    "proof_plan",
    "report",
    "review_numbers",
    "run_options",
    "shard_plan",
    "site",
    "snapshots",
    "visited_page_kinds",
    "with_last_results",
    "with_last_runs",
]

from __future__ import annotations

from django.urls import path

from runs.views import defaults, editing, files, home, overview, pages, quality, result, review, run, tests

PROJECT = "projects/<str:project>"

urlpatterns = [
    path("", home.home, name="home"),
    path(PROJECT, overview.overview, name="project"),
    path(f"{PROJECT}/crawl", overview.start_crawl, name="start-crawl"),
    path(f"{PROJECT}/run", overview.start_run, name="start-run"),
    path(f"{PROJECT}/settings/defaults", defaults.defaults, name="defaults"),
    path(f"{PROJECT}/settings/quality", quality.quality, name="quality"),
    path(f"{PROJECT}/tests", tests.tests, name="tests"),
    path(f"{PROJECT}/tests/new", editing.new_test, name="new-test"),
    path(f"{PROJECT}/review", review.review, name="review"),
    path(f"{PROJECT}/review/decide", review.decide, name="decide"),
    path(f"{PROJECT}/pages", pages.pages, name="pages"),
    path(f"{PROJECT}/runs", run.runs, name="runs"),
    path("tests/<str:test>", tests.test, name="test"),
    path("tests/<str:test>/edit", editing.edit_test, name="edit-test"),
    path("tests/<str:test>/run", tests.run_test, name="run-test"),
    path("tests/<str:test>/delete", tests.delete_test, name="delete-test"),
    path("tests/<str:test>/decide", review.decide_one, name="decide-one"),
    path("runs/<str:run>", run.run, name="run"),
    path("runs/<str:run>/news", run.news, name="news"),
    path("runs/<str:run>/abort", run.abort, name="abort"),
    path("runs/<str:run>/rerun", run.rerun, name="rerun"),
    path("runs/<str:run>/results/<int:result>", result.result, name="result"),
    path("artifacts/<str:token>", files.artifact, name="artifact"),
    path("trace-viewer/<path:name>", files.trace_viewer, name="trace-viewer"),
]

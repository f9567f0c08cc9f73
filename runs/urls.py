from __future__ import annotations

from django.urls import path

from runs.views import (
    channels,
    cluster,
    defaults,
    editing,
    files,
    home,
    overview,
    pages,
    quality,
    result,
    review,
    run,
    site_map,
    tests,
)

PROJECT = "projects/<str:project>"
NEWS = f"{PROJECT}/settings/notifications"

urlpatterns = [
    path("", home.home, name="home"),
    path("cluster", cluster.cluster, name="cluster"),
    path(PROJECT, overview.overview, name="project"),
    path(f"{PROJECT}/crawl", overview.start_crawl, name="start-crawl"),
    path(f"{PROJECT}/run", overview.start_run, name="start-run"),
    path(f"{PROJECT}/settings/defaults", defaults.defaults, name="defaults"),
    path(NEWS, channels.notifications, name="notifications"),
    path(f"{NEWS}/new/<str:kind>", channels.new_channel, name="new-channel"),
    path(f"{NEWS}/secret", channels.renew_secret, name="renew-secret"),
    path(f"{NEWS}/deliveries/<int:delivery>/again", channels.redeliver, name="redeliver"),
    path(f"{NEWS}/<str:channel>", channels.channel, name="channel"),
    path(f"{NEWS}/<str:channel>/test", channels.test_channel, name="test-channel"),
    path(f"{NEWS}/<str:channel>/switch", channels.switch_channel, name="switch-channel"),
    path(f"{NEWS}/<str:channel>/delete", channels.delete_channel, name="delete-channel"),
    path(f"{PROJECT}/settings/quality", quality.quality, name="quality"),
    path(f"{PROJECT}/tests", tests.tests, name="tests"),
    path(f"{PROJECT}/tests/new", editing.new_test, name="new-test"),
    path(f"{PROJECT}/review", review.review, name="review"),
    path(f"{PROJECT}/review/decide", review.decide, name="decide"),
    path(f"{PROJECT}/map", site_map.site_map, name="map"),
    path(f"{PROJECT}/map/<int:number>", site_map.kind_of_page, name="kind-of-page"),
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

"""The API below /api/v1/."""

from __future__ import annotations

from django.urls import include, path, re_path

from projects.api.problems import unknown
from runs.api.applications import ApplicationDetail, DifferenceList, OpenApi, PartList
from runs.api.channels import CallbackSecret, ChannelDetail, ChannelList, ChannelTest
from runs.api.comments import CommentDetail, CommentList
from runs.api.deleting import DeletedProjects, DeletedTests, UndeleteProject, UndeleteTest
from runs.api.deliveries import DeliveryList, Redeliver
from runs.api.events import EventList
from runs.api.projects import FullProjectDetail, FullProjectList
from runs.api.reports import Report
from runs.api.rerunning import ProveRest, RerunRun
from runs.api.results import ChangeList, PageList, ResultDetail, ResultList
from runs.api.reviewing import Approve, BackToReview, Bulk, Reject, Restore
from runs.api.runs import Abort, RunDetail, RunList
from runs.api.starting import StartCrawl, StartRun, StartTest
from runs.api.tests import TestDetail, TestList, VersionList
from runs.api.triggering import Trigger, TriggerStatus

urlpatterns = [
    path("v1/", include("projects.api.urls")),
    path("v1/projects", FullProjectList.as_view()),
    path("v1/projects/<str:project>", FullProjectDetail.as_view()),
    path("v1/deleted/projects", DeletedProjects.as_view()),
    path("v1/projects/<str:project>/undelete", UndeleteProject.as_view()),
    path("v1/projects/<str:project>/tests/deleted", DeletedTests.as_view()),
    path("v1/tests/<str:test>/undelete", UndeleteTest.as_view()),
    path("v1/projects/<str:project>/application", ApplicationDetail.as_view()),
    # Before the kinds, whose address would take this name for a kind.
    path("v1/projects/<str:project>/application/openapi.json", OpenApi.as_view(), name="api-openapi"),
    path("v1/projects/<str:project>/application/<str:kind>", PartList.as_view()),
    path("v1/projects/<str:project>/callback-secret", CallbackSecret.as_view()),
    path("v1/projects/<str:project>/channels", ChannelList.as_view()),
    path("v1/projects/<str:project>/channels/<str:channel>", ChannelDetail.as_view()),
    path("v1/projects/<str:project>/channels/<str:channel>/test", ChannelTest.as_view()),
    path("v1/projects/<str:project>/crawl", StartCrawl.as_view()),
    path("v1/projects/<str:project>/run", StartRun.as_view()),
    path("v1/projects/<str:project>/trigger", Trigger.as_view()),
    path("v1/projects/<str:project>/trigger/runs/<str:run>", TriggerStatus.as_view()),
    path("v1/projects/<str:project>/tests", TestList.as_view()),
    path("v1/projects/<str:project>/tests/bulk", Bulk.as_view()),
    path("v1/tests/<str:test>", TestDetail.as_view()),
    path("v1/tests/<str:test>/comments", CommentList.as_view()),
    path("v1/tests/<str:test>/comments/<int:comment>", CommentDetail.as_view()),
    path("v1/tests/<str:test>/approve", Approve.as_view()),
    path("v1/tests/<str:test>/reject", Reject.as_view()),
    path("v1/tests/<str:test>/restore", Restore.as_view()),
    path("v1/tests/<str:test>/run", StartTest.as_view()),
    path("v1/tests/<str:test>/versions", VersionList.as_view()),
    path("v1/runs", RunList.as_view()),
    path("v1/runs/<str:run>", RunDetail.as_view()),
    path("v1/runs/<str:run>/abort", Abort.as_view()),
    path("v1/runs/<str:run>/back-to-review", BackToReview.as_view()),
    path("v1/runs/<str:run>/rerun", RerunRun.as_view()),
    path("v1/runs/<str:run>/prove-rest", ProveRest.as_view()),
    path("v1/runs/<str:run>/results", ResultList.as_view()),
    path("v1/runs/<str:run>/pages", PageList.as_view()),
    path("v1/runs/<str:run>/differences", DifferenceList.as_view()),
    path("v1/runs/<str:run>/changes", ChangeList.as_view()),
    path("v1/runs/<str:run>/events", EventList.as_view()),
    path("v1/runs/<str:run>/deliveries", DeliveryList.as_view()),
    path("v1/runs/<str:run>/report", Report.as_view()),
    path("v1/deliveries/<int:delivery>/redeliver", Redeliver.as_view()),
    path("v1/results/<int:result>", ResultDetail.as_view()),
    # What is none of these is answered with a problem as well, and not with a page of HTML.
    re_path("", unknown),
]

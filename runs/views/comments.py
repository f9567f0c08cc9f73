"""What people say to each other about a test: on its page and on its card in the review queue."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from projects.access import QA_LEAD, VIEWER, name_of
from projects.models import Comment, Test
from projects.place import Place, SignedInRequest, page
from runs.views.tests import found_test
from runs.views.threads import CommentForm, thread


@page
def comments(request: SignedInRequest, test: str) -> HttpResponse:
    """Reading them is everybody's, writing one needs the role that decides."""
    place, row = found_test(request, test, QA_LEAD if request.method == "POST" else VIEWER)
    form = CommentForm(request.POST if request.method == "POST" else None, row)
    if not form.is_valid():
        return _shown(request, place, row, form)
    Comment.objects.create(
        test=row, author=request.user, author_name=name_of(request.user)[:160], text=form.cleaned_data["text"]
    )
    return _changed(request, place, row)


def _shown(request: SignedInRequest, place: Place, row: Test, form: CommentForm | None = None) -> HttpResponse:
    context = thread(place, row, form)
    if request.htmx:
        return render(request, "runs/_comments.html", context)
    return render(
        request, "runs/comments.html", context | {"here": "tests"}, status=422 if form and form.errors else 200
    )


def _changed(request: SignedInRequest, place: Place, row: Test) -> HttpResponse:
    if request.htmx:
        return _shown(request, place, row)
    return redirect(f"{reverse('test', args=[row.public_id])}#comments")


@page
@require_POST
def delete_comment(request: SignedInRequest, test: str, comment: int) -> HttpResponse:
    """Authors take back what they wrote, administrators what anybody did."""
    place, row = found_test(request, test, QA_LEAD)
    found = row.comments.filter(pk=comment).first()
    if found is None:
        raise Http404
    if not (place.may_administer or found.written_by(request.user)):
        raise PermissionDenied("Only its author or an administrator may delete a comment.")
    found.delete()
    return _changed(request, place, row)

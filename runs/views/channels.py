"""Where a project's news go: channels, the secret that signs them, and the log of deliveries."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from projects.access import ADMIN, QA_LEAD
from projects.models import Channel
from projects.once import show_once, shown_once
from projects.place import Place, SignedInRequest, page, place_of
from projects.secrets import SecretUnreadable
from runs import delivering, ledger, states
from runs.models import Delivery
from runs.notifiers import CHANNELS
from runs.notifiers.base import NotNow, Undeliverable
from runs.views.channel_form import ChannelForm

PER_PAGE = 30


@page
@never_cache
def notifications(request: SignedInRequest, project: str) -> HttpResponse:
    place = place_of(request, project)
    # Shown on the page after the form, since a reload of an answer to the form renewed the secret once more.
    issued = shown_once(request, f"signing {project}") if place.may_administer else ""
    state = request.GET.get("state", "")
    found = Delivery.objects.filter(run__project=place.project).select_related("run", "channel")
    if state in states.DELIVERY_STATES:
        found = found.filter(state=state)
    rows = Paginator(found.prefetch_related("log").order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    channels = list(place.project.channels.filter(kind__in=CHANNELS))
    context = {
        "here": "settings",
        "tab": "notifications",
        "place": place,
        "channels": [(row, CHANNELS[row.kind], delivering.target_of(row)) for row in channels],
        "kinds": CHANNELS.values(),
        "rows": rows,
        "state": state if state in states.DELIVERY_STATES else "",
        "states": states.DELIVERY_STATES,
        "issued": issued,
        "has_secret": bool(place.project.callback_secret),
    }
    return render(request, "runs/notifications.html", context)


@page
def new_channel(request: SignedInRequest, project: str, kind: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    if kind not in CHANNELS:
        raise Http404
    return _edited(request, place, Channel(project=place.project, kind=kind))


@page
def channel(request: SignedInRequest, project: str, channel: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    return _edited(request, place, _row(place, channel))


def _row(place: Place, public_id: str) -> Channel:
    try:
        return Channel.objects.filter(project=place.project, kind__in=CHANNELS).by_public_id(public_id)
    except Channel.DoesNotExist as error:
        raise Http404 from error


def _edited(request: SignedInRequest, place: Place, row: Channel) -> HttpResponse:
    form = ChannelForm(row, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        verb = "channel changed" if row.pk else "channel created"
        form.save()
        place.note(verb, row.public_id, row.name)
        messages.success(request, f"Channel {row.name} saved.")
        return redirect("notifications", place.project.public_id)
    context: dict[str, Any] = {"here": "settings", "tab": "notifications", "place": place, "form": form, "row": row}
    return render(request, "runs/channel.html", context, status=422 if form.is_bound else 200)


@page
@require_POST
def test_channel(request: SignedInRequest, project: str, channel: str) -> HttpResponse:
    """Sends a test message while the person waits, at most some ten seconds."""
    row = _row(place_of(request, project, ADMIN), channel)
    try:
        messages.success(request, f"{row.name}: {delivering.try_out(row)}")
    except (Undeliverable, NotNow, SecretUnreadable) as error:
        messages.error(request, f"{row.name}: {error}")
    return redirect("notifications", project)


@page
@require_POST
def switch_channel(request: SignedInRequest, project: str, channel: str) -> HttpResponse:
    """Disables an enabled channel, and the other way round."""
    place = place_of(request, project, ADMIN)
    row = _row(place, channel)
    row.enabled = not row.enabled
    row.save(update_fields=["enabled", "updated_at"])
    word = "enabled" if row.enabled else "disabled"
    place.note(f"channel {word}", row.public_id, row.name)
    messages.success(request, f"{row.name} is {word}.")
    return redirect("notifications", project)


@page
@require_POST
def delete_channel(request: SignedInRequest, project: str, channel: str) -> HttpResponse:
    place = place_of(request, project, ADMIN)
    row = _row(place, channel)
    # Before it is deleted, for the row has no id then.
    place.note("channel deleted", row.public_id, row.name)
    row.delete()
    messages.success(request, f"Channel {row.name} was deleted. Its deliveries stay in the log.")
    return redirect("notifications", project)


@page
@require_POST
@never_cache
def renew_secret(request: SignedInRequest, project: str) -> HttpResponse:
    """A new secret in place of the old one, shown once on the page that follows."""
    place = place_of(request, project, ADMIN)
    show_once(request, f"signing {project}", place.project.renew_signing_secret())
    place.note("callback secret renewed", place.project.public_id)
    return redirect("notifications", project)


@page
@require_POST
def redeliver(request: SignedInRequest, project: str, delivery: int) -> HttpResponse:
    place = place_of(request, project, QA_LEAD)
    row = get_object_or_404(Delivery.objects.filter(run__project=place.project), pk=delivery)
    try:
        ledger.redeliver(row.pk)
    except ledger.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        place.note("delivery sent again", row.run.public_id, row.key)
        messages.success(request, f"{row.key} is sent again.")
    return redirect("notifications", project)

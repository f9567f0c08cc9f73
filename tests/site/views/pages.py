import calendar
import re
from zlib import crc32

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tests.site.forms import ContactForm, NewsletterForm
from tests.site.switchboard import is_on

FIRST_MONTH = "2026-01"
WORKSHOPS = {6: "Throw a mug", 11: "Bind a notebook", 19: "Oil a board", 28: "Pour a candle"}


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    form = ContactForm(request.POST or None)
    if request.method == "POST" and (form.is_valid() or is_on("contact_validation_missing")):
        if is_on("contact_success_missing"):
            return redirect("contact")
        written = f"{request.POST.get('email')} {request.POST.get('message')}"
        request.session["reference"] = f"HL-{crc32(written.encode()) % 100000:05d}"
        return redirect("thanks")
    return render(request, "contact.html", {"form": form})


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    if "reference" not in request.session:
        return redirect("contact")
    return render(request, "thanks.html", {"reference": request.session["reference"]})


@require_POST
def newsletter(request: HttpRequest) -> HttpResponse:
    form = NewsletterForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Enter an email address like name@example.com")
    elif not is_on("newsletter_silent"):
        messages.success(request, "Thank you, you are on the list.")
    back = request.POST.get("back", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "home")


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "about.html")


@require_safe
def workshops(request: HttpRequest) -> HttpResponse:
    asked = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", request.GET.get("month", FIRST_MONTH))
    if asked is None or not 2 <= int(asked[1]) <= 9998:
        raise Http404("month")
    year, month = int(asked[1]), int(asked[2])
    weeks = [[(day, WORKSHOPS.get(day, "")) for day in week] for week in calendar.monthcalendar(year, month)]
    return render(
        request,
        "calendar.html",
        {
            "title": f"{calendar.month_name[month]} {year:04d}",
            "weekdays": calendar.day_abbr,
            "weeks": weeks,
            "previous": _month(year * 12 + month - 2),
            "following": _month(year * 12 + month),
        },
    )


@require_safe
def gift_cards(request: HttpRequest) -> HttpResponse:
    return render(request, "gift_cards.html")


@require_safe
def private(request: HttpRequest) -> HttpResponse:
    return render(request, "private.html")


def _month(since_year_zero: int) -> str:
    return f"{since_year_zero // 12:04d}-{since_year_zero % 12 + 1:02d}"

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tests.site import accounts, switchboard
from tests.site.forms import SignInForm

View = Callable[[HttpRequest], HttpResponse]


def _for_customers(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if accounts.signed_in(request.session) or switchboard.is_on("account_unprotected"):
            return view(request)
        return redirect(f"{reverse('sign-in')}?{urlencode({'next': request.path})}")

    return guarded


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST or None)
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if request.method == "POST" and form.is_valid():
        if accounts.accepts(form.cleaned_data["email"], form.cleaned_data["password"]):
            accounts.sign_in(request.session)
            messages.success(request, f"Welcome back, {accounts.DEMO.name}.")
            safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
            return redirect(wanted if safe else "account")
        form.add_error(None, "Email or password is incorrect")
    if switchboard.is_on("sign_in_error_missing"):
        form = SignInForm(initial={"email": request.POST.get("email", "")})
    return render(request, "sign_in.html", {"form": form, "next": wanted})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    accounts.sign_out(request.session)
    messages.success(request, "You are signed out.")
    return redirect("home")


@require_safe
@_for_customers
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "account.html", {"customer": accounts.DEMO})


@require_safe
@_for_customers
def orders(request: HttpRequest) -> HttpResponse:
    return render(request, "orders.html", {"orders": accounts.DEMO.orders})


@require_POST
@_for_customers
def delete(request: HttpRequest) -> HttpResponse:
    switchboard.touched["delete_account"] += 1
    request.session.flush()
    messages.success(request, "Your account is deleted.")
    return redirect("home")

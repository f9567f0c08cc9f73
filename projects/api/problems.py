"""Errors as RFC 9457 problems: `type title status detail code`, and `errors` by field where a body is invalid."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django import db
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template import loader
from django.utils.deprecation import MiddlewareMixin
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError
from rest_framework import exceptions
from rest_framework.response import Response

from projects.access import Forbidden
from projects.api.error_sentences import by_field
from projects.membership import NotPossible
from projects.reviewing import ReviewRefused
from projects.unwritable import RETRY_SECONDS, SENTENCE, is_unwritable

log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
NOT_FOUND = "There is nothing at this address that you may see."


class Invalid(exceptions.APIException):
    """The request is understood but cannot be carried out as it stands; `errors` says which field and why."""

    status_code = 422
    default_code = "invalid"
    default_detail = "The request is understood, but something in it is not valid."

    def __init__(self, errors: Mapping[str, list[str] | str], detail: str | None = None, code: str | None = None):
        super().__init__(detail, code)
        self.errors = {field: [text] if isinstance(text, str) else text for field, text in errors.items()}


class Conflict(exceptions.APIException):
    """The state of things forbids what was asked; `code` names the rule."""

    status_code = 409

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail, code)


class PreconditionFailed(exceptions.APIException):
    status_code = 412
    default_code = "changed_meanwhile"
    default_detail = "The object has changed since you read it; read it again and repeat the edit."


class TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The request body is too large."


class Unavailable(exceptions.APIException):
    """The database cannot be written or reached for now."""

    status_code = 503
    default_code = "unavailable"
    default_detail = SENTENCE
    wait = RETRY_SECONDS


def problem(exc: Exception, _context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. None for what is a fault of ours, which becomes a 500."""
    known = exc if isinstance(exc, exceptions.APIException) else _known(exc)
    if known is None:
        return None
    body = problem_details(known.status_code, _sentence(known), _code(known), getattr(known, "errors", None))
    return Response(body, status=known.status_code, headers=_headers(known), content_type=CONTENT_TYPE)


KNOWN: tuple[tuple[tuple[type[Exception], ...], Callable[[Any], exceptions.APIException | None]], ...] = (
    ((ValidationError,), lambda exc: Invalid(by_field(exc))),
    ((Forbidden,), lambda exc: exceptions.PermissionDenied(str(exc), "role_too_low")),
    ((NotPossible,), lambda exc: Conflict(exc.code, str(exc))),
    ((ReviewRefused,), lambda exc: Conflict("review_state", str(exc))),
    ((Http404, ObjectDoesNotExist), lambda _: exceptions.NotFound(NOT_FOUND)),
    ((RequestDataTooBig,), lambda _: TooLarge()),
    ((db.Error,), lambda exc: Unavailable() if is_unwritable(exc) else None),
    ((SuspiciousOperation,), lambda _: exceptions.ParseError("The request is malformed.", "malformed")),
)


def _known(exc: Exception) -> exceptions.APIException | None:
    return next((name(exc) for kinds, name in KNOWN if isinstance(exc, kinds)), None)


def _sentence(exc: exceptions.APIException) -> str:
    if isinstance(exc, exceptions.Throttled):
        return f"Too many requests; try again in {_wait(exc)} s."
    return str(exc.detail)


def _code(exc: exceptions.APIException) -> str:
    code = exc.get_codes()
    return code if isinstance(code, str) else exc.default_code


def _headers(exc: exceptions.APIException) -> dict[str, str]:
    headers: dict[str, str] = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(exc, exceptions.Throttled | Unavailable):
        headers["Retry-After"] = str(_wait(exc))
    return headers


def _wait(exc: exceptions.Throttled | Unavailable) -> int:
    return max(1, int(getattr(exc, "wait", None) or 1))


def problem_details(status: int, detail: str, code: str, errors: Any = None) -> dict[str, Any]:
    body = {
        "type": f"urn:sentri:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return body | {"errors": errors} if errors else body


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


@csrf_exempt  # A write to an address that does not exist is refused for that, not as a page would refuse it.
def unknown(request: HttpRequest) -> HttpResponse:
    """Any address under /api/ that does not exist."""
    body = problem_details(404, f"There is no {request.path} in this API; see /api/v1/docs.", "not_found")
    return JsonResponse(body, status=404, content_type=CONTENT_TYPE)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """handler500: a problem under /api/, Django's page elsewhere; 503 where the database was the reason."""
    if is_unwritable(sys.exc_info()[1]):
        return unavailable(request)
    if not _is_api(request):
        return defaults.server_error(request)
    body = problem_details(500, "Something went wrong here; the server's log says what.", "internal")
    return JsonResponse(body, status=500, content_type=CONTENT_TYPE)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After: a problem under /api/, elsewhere a page that needs no database."""
    if _is_api(request):
        answer: HttpResponse = JsonResponse(
            problem_details(503, SENTENCE, "unavailable"), status=503, content_type=CONTENT_TYPE
        )
    else:
        page = loader.get_template("unavailable.html").render({"sentence": SENTENCE})
        answer = HttpResponse(page, status=503)
    answer["Retry-After"] = str(RETRY_SECONDS)
    return answer


class SaysWhenUnwritable(MiddlewareMixin):
    """Answers 503 in place of a view that met a database which cannot be written or reached."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not is_unwritable(exception):
            return None
        log.warning("%s %s: %s", request.method, request.path, exception)
        return unavailable(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler400: a problem under /api/, Django's page elsewhere."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    return JsonResponse(
        problem_details(400, "The request is malformed.", "malformed"), status=400, content_type=CONTENT_TYPE
    )

"""Log lines: plain for people or JSON for machines, with the request, run, shard, lease and worker they belong to."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, WrappedLogger

HEADER = "X-Request-ID"
KNOWN = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
QUIET = ("django-q", "httpx", "httpcore", "urllib3", "opentelemetry", "boto3", "botocore", "s3transfer")
# Uvicorn sets these up for itself before it imports us.
ADOPTED = ("uvicorn", "uvicorn.error", "uvicorn.access")
FORMATS = ("plain", "json")
BELONGS = ("request_id", "run", "shard", "lease", "worker")

# Everything comes through the standard library, so that what Django and its friends log looks the same.
BEFORE: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(allow=BELONGS),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def plain(_: WrappedLogger, __: str, line: EventDict) -> str:
    """2026-11-26T01:16:19.123456Z INFO    runs.worker: words (run=RUN-42 shard=0)"""
    head = f"{line.pop('timestamp')} {str(line.pop('level')).upper():7} {line.pop('logger')}: {line.pop('event')}"
    trace = line.pop("exception", "")
    belongs = " ".join(f"{name}={line[name]}" for name in BELONGS if name in line)
    return head + (f" ({belongs})" if belongs else "") + (f"\n{trace}" if trace else "")


RENDERERS: dict[str, Any] = {"plain": plain, "json": structlog.processors.JSONRenderer()}


def logging_for(form: str, level: str) -> dict[str, Any]:
    """Django's LOGGING. An unknown form is plain; a system check says so."""
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    lines = {
        "()": "structlog.stdlib.ProcessorFormatter",
        "foreign_pre_chain": BEFORE,
        "processors": [remove, RENDERERS.get(form, plain)],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": lines},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            **{name: {"level": "WARNING"} for name in QUIET},
            **{name: {"handlers": [], "propagate": True} for name in ADOPTED},
        },
    }


@sync_and_async_middleware
def request_id(
    answer: Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Any:
    """Gives each request the number that its caller sent, or a new one, and sends it back."""
    if iscoroutinefunction(answer):

        async def later(request: HttpRequest) -> HttpResponseBase:
            number = _number_of(request)
            with bound_contextvars(request_id=number):
                response: HttpResponseBase = await answer(request)
            response[HEADER] = number
            return response

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        number = _number_of(request)
        with bound_contextvars(request_id=number):
            response: Any = answer(request)
        response[HEADER] = number
        return response  # type: ignore[no-any-return]

    return now


def _number_of(request: HttpRequest) -> str:
    given = request.headers.get(HEADER, "")
    return given if KNOWN.fullmatch(given) else uuid.uuid4().hex

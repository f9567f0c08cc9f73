"""Passwords: the one place where they are compared, whichever page asks."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from projects.throttling import SignInTry, TooManySignIns

# A comparison takes a processor for some tenths of a second, also for a name that nobody has. So many at a time in one
# process, and so many more that wait, whoever asks and from wherever.
AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
WAITING = 20
PATIENCE_SECONDS = 10.0
BUSY = "Too many people are signing in at this moment."

_seats = threading.BoundedSemaphore(AT_ONCE)
_queue = threading.BoundedSemaphore(AT_ONCE + WAITING)


class Throttled(ModelBackend):
    """Django's accounts, behind one throttle for every page that takes a password."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if request is None or username is None or password is None:
            return self._found(request, username, password, **kwargs)
        this_try = SignInTry(username, request.META.get("REMOTE_ADDR", ""))
        with seat():
            user = self._found(request, username, password, **kwargs)
        if user is not None:
            this_try.succeeded()
        return user

    async def aauthenticate(self, request: HttpRequest | None, *args: Any, **kwargs: Any) -> User | None:
        return await sync_to_async(self.authenticate)(request, *args, **kwargs)

    def _found(self, *args: Any, **kwargs: Any) -> User | None:
        found = super().authenticate(*args, **kwargs)
        return found if isinstance(found, User) else None


@contextmanager
def seat() -> Iterator[None]:
    """One of the comparisons that may go on at a time. Raises TooManySignIns where too many wait."""
    if not _queue.acquire(blocking=False):
        raise TooManySignIns(BUSY, PATIENCE_SECONDS)
    try:
        if not _seats.acquire(timeout=PATIENCE_SECONDS):
            raise TooManySignIns(BUSY, PATIENCE_SECONDS)
        try:
            yield
        finally:
            _seats.release()
    finally:
        _queue.release()


class Pausing(MiddlewareMixin):
    """Answers 429 wherever signing in was tried too often."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return paused(request, exception) if isinstance(exception, TooManySignIns) else None


def paused(request: HttpRequest, problem: TooManySignIns) -> HttpResponse:
    response = render(request, "429.html", {"why": str(problem)}, status=429)
    response["Retry-After"] = str(problem.seconds)
    return response

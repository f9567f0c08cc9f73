"""A write that carries an Idempotency-Key has one effect and one answer, however often it is sent within a day."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import owner_of
from projects.api.problems import Invalid
from projects.models import IdempotentReply
from projects.secrets import seal, unseal

Write = Callable[..., Response]
KEPT = timedelta(days=1)
PENDING = 0


def idempotent(write: Write) -> Write:
    """Wraps a method of a view. The write and the note of its answer are one transaction; errors leave no note."""

    @wraps(write)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return write(view, request, *args, **kwargs)
        if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
            raise Invalid({"Idempotency-Key": "Write 1 to 200 visible ASCII characters without spaces."})
        return _once(key, request, lambda: write(view, request, *args, **kwargs))

    return once


def _once(key: str, request: Request, write: Callable[[], Response]) -> Response:
    owner, digest = owner_of(request), _digest(request)
    IdempotentReply.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    try:
        with transaction.atomic():
            note = _note(owner, key, digest)
            answer = write()
            note.status, note.body = answer.status_code, {"sealed": seal(_kept(answer))}
            note.save(update_fields=["status", "body"])
            return answer
    except KeyTaken:
        return _again(IdempotentReply.objects.get(owner=owner, key=key), digest)


class KeyTaken(Exception):
    """Another request has used the key; the database made this one wait until that was committed."""


def _note(owner: str, key: str, digest: str) -> IdempotentReply:
    try:
        with transaction.atomic():
            return IdempotentReply.objects.create(owner=owner, key=key, request_digest=digest, status=PENDING, body={})
    except IntegrityError as error:
        raise KeyTaken from error


def _again(note: IdempotentReply, digest: str) -> Response:
    if note.request_digest != digest:
        raise Invalid(
            {"Idempotency-Key": "This key was used for another request; use a new one."}, code="idempotency_key_reused"
        )
    kept = unseal(note.body["sealed"])
    headers: dict[str, str] = json.loads(kept["headers"])
    return Response(json.loads(kept["data"]), status=note.status, headers=headers | {"Idempotent-Replayed": "true"})


def _kept(answer: Response) -> dict[str, str]:
    """Sealed, because the answer may be a token that is shown once."""
    data = JSONRenderer().render(answer.data).decode() if answer.data is not None else "null"
    return {"data": data, "headers": json.dumps({name: answer.headers[name] for name in SENT if name in answer})}


SENT = ("ETag", "Location")


def _digest(request: Request) -> str:
    said = json.dumps([request.method, request.path, request.data], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()

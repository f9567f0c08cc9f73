"""Artifacts: written by workers into the default storage, read by signed links."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from django.core import signing
from django.core.files.storage import default_storage
from django.urls import reverse

from runs.models import Artifact

LINK_SECONDS = 3600
_signer = signing.TimestampSigner(salt="sentri.artifacts")


class BadLink(Exception):
    """The link was not signed here, or its hour is over."""


def directory(run_id: int) -> Path:
    """Where a worker writes the files of a run's attempts."""
    place = Path(default_storage.path(f"runs/{run_id}"))
    place.mkdir(parents=True, exist_ok=True)
    return place


def name_of(run_id: int, relative: str) -> str:
    """The name in the storage of a file that the engine wrote into the run's directory."""
    return f"runs/{run_id}/{relative}"


def signed_url(artifact: Artifact) -> str:
    """A path on this server that shows the artifact for an hour to whoever has it."""
    return reverse("artifact", args=[_signer.sign(str(artifact.pk))])


def read(token: str) -> tuple[Artifact, IO[bytes]]:
    """The artifact of a signed link and its open file. Raises BadLink; FileNotFoundError where the file is gone."""
    try:
        number = int(_signer.unsign(token, max_age=LINK_SECONDS))
    except (signing.BadSignature, ValueError) as error:
        raise BadLink("This link is not valid any more; open the result again.") from error
    artifact = Artifact.objects.filter(pk=number).first()
    if artifact is None:
        raise FileNotFoundError(token)
    return artifact, default_storage.open(artifact.path)

"""Links that show an artifact for an hour to whoever has one."""

from __future__ import annotations

from django.core import signing
from django.urls import reverse

from runs.models import Artifact
from runs.storage.places import content

LINK_SECONDS = 3600
_signer = signing.TimestampSigner(salt="sentri.artifacts")


class BadLink(Exception):
    """The link was not signed here, or its hour is over."""


def signed_url(artifact: Artifact) -> str:
    """A path on this server that shows the artifact for an hour to whoever has it."""
    return reverse("artifact", args=[_signer.sign(str(artifact.pk))])


def find(token: str) -> Artifact:
    """The artifact of a signed link. Raises BadLink; FileNotFoundError where it or its project is gone."""
    try:
        number = int(_signer.unsign(token, max_age=LINK_SECONDS))
    except (signing.BadSignature, ValueError) as error:
        raise BadLink("This link is not valid any more; open the result again.") from error
    living = Artifact.objects.filter(attempt__result__run__project__deleted_at=None)
    artifact = living.filter(pk=number).first()
    if artifact is None:
        raise FileNotFoundError(token)
    return artifact


def read(token: str) -> tuple[Artifact, bytes]:
    """The artifact of a signed link and its content.

    Raises BadLink; FileNotFoundError where the file or its project is gone; Away where the store does not give it.
    """
    artifact = find(token)
    return artifact, content(artifact.path)

"""An S3-compatible object store behind django-storages. Loaded only where one is configured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from runs.storage.away import Away

LOOK_SECONDS = 2
LOOKED_SECONDS = 5
MISSING = {"404", "NoSuchKey", "NotFound"}
# An answer to HEAD has no body, so that its code is the bare status.
SENTENCES = {
    "NoSuchBucket": "The bucket does not exist: make it, or correct SENTRI_STORAGE_URL.",
    "404": "The bucket does not exist: make it, or correct SENTRI_STORAGE_URL.",
    "403": "The object store refuses these credentials: look at SENTRI_STORAGE_KEY and SENTRI_STORAGE_SECRET.",
}
SENTENCES |= dict.fromkeys(("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"), SENTENCES["403"])
SILENT = "The object store does not answer."
KEYLESS = "There are no credentials for the object store: set SENTRI_STORAGE_KEY and SENTRI_STORAGE_SECRET."

# What was found a moment ago, by place: a balancer asks every second or two, from several sides.
_seen: dict[tuple[str, str], tuple[float, Away | None]] = {}


@dataclass(frozen=True)
class Bucket:
    """`store` is a storages.backends.s3.S3Storage; its client may be used by several threads."""

    store: Any

    @property
    def client(self) -> Any:
        return self.store.connection.meta.client

    def key(self, name: str) -> str:
        return f"{self.store.location}/{name}".lstrip("/")

    def upload(self, client: Any, path: Path, name: str, content_type: str) -> None:
        """Raises Away; OSError where the local file cannot be read."""
        extra = {"ContentType": content_type}
        with _raising_away():
            client.upload_file(
                str(path), self.store.bucket_name, self.key(name), ExtraArgs=extra, Config=self.store.transfer_config
            )

    def content(self, name: str) -> bytes:
        try:
            with _raising_away():
                answer = self.client.get_object(Bucket=self.store.bucket_name, Key=self.key(name))
                return bytes(answer["Body"].read())
        except Away as away:
            if isinstance(away.__cause__, ClientError) and _code(away.__cause__) in MISSING:
                raise FileNotFoundError(name) from away
            raise

    def prove(self, name: str) -> str:
        """As `places.prove`."""
        place = {"Bucket": self.store.bucket_name, "Key": self.key(name)}
        with _raising_away():
            self.client.put_object(**place, Body=b"well")
            self.client.get_object(**place)["Body"].read()
            self.client.delete_object(**place)
        return f"s3://{self.store.bucket_name}/{self.store.location}".rstrip("/")

    def look(self) -> None:
        """As `places.look`; what it found holds for a few seconds."""
        place = (str(self.store.endpoint_url), self.store.bucket_name)
        at, found = _seen.get(place, (0.0, None))
        if place not in _seen or time.monotonic() - at > LOOKED_SECONDS:
            found = self._look()
            _seen[place] = (time.monotonic(), found)
        if found is not None:
            raise Away(str(found)) from found.__cause__

    def _look(self) -> Away | None:
        hurried = Config(connect_timeout=LOOK_SECONDS, read_timeout=LOOK_SECONDS, retries={"total_max_attempts": 1})
        settings = {name: getattr(self.store, name) for name in ("bucket_name", "endpoint_url", "region_name")}
        keys = {"access_key": self.store.access_key, "secret_key": self.store.secret_key}
        config = self.store.client_config.merge(hurried)
        glance = self.store.__class__(
            **settings, **keys, client_config=config, transfer_config=self.store.transfer_config
        )
        try:
            with _raising_away():
                glance.connection.meta.client.head_bucket(Bucket=self.store.bucket_name)
        except Away as away:
            return away
        return None


@contextmanager
def _raising_away() -> Iterator[None]:
    """Turns what the client raises into Away."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise Away(KEYLESS) from error
    except S3UploadFailedError as error:
        # boto3 says the reason in a text alone; the error behind it has the code.
        inner = error.__context__
        raise Away(_sentence(inner) if isinstance(inner, ClientError) else SILENT) from error
    except ClientError as error:
        raise Away(_sentence(error)) from error
    except BotoCoreError as error:
        raise Away(SILENT) from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _sentence(error: ClientError) -> str:
    return SENTENCES.get(_code(error), f"The object store refuses it ({_code(error) or 'no reason given'}).")

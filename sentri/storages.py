"""Storage URL → Django's STORAGES entry: a directory of this machine, or a bucket of an S3-compatible object store."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sentri.env import BadSetting

FORM = "s3://BUCKET/PREFIX?endpoint=http://HOST:PORT&region=REGION"
CONNECT_SECONDS = 2
ANSWER_SECONDS = 10
TRIES = 3


def storage(url: str, key: str, secret: str, directory: Path) -> dict[str, Any]:
    """An empty URL means `directory`. Without a key the usual places of AWS are searched for one."""
    if not url:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": directory}}
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname:
        raise BadSetting(f"SENTRI_STORAGE_URL={_without_secrets(url)!r} cannot be used: write {FORM}")
    if parts.username or parts.password:
        raise BadSetting("SENTRI_STORAGE_URL holds a key: write it to SENTRI_STORAGE_KEY and SENTRI_STORAGE_SECRET")
    if bool(key) != bool(secret):
        raise BadSetting("SENTRI_STORAGE_KEY and SENTRI_STORAGE_SECRET belong together: set both or neither")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    _require_known(query)
    options = {
        "bucket_name": parts.netloc,
        "location": unquote(parts.path.strip("/")),
        "endpoint_url": query.get("endpoint"),
        "region_name": query.get("region") or ("us-east-1" if "endpoint" in query else None),
        "access_key": key or None,
        "secret_key": secret or None,
        "default_acl": None,
        "file_overwrite": True,
        **_manners(own_endpoint=bool(query.get("endpoint"))),
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def _require_known(query: dict[str, str]) -> None:
    unknown = sorted(query.keys() - {"endpoint", "region"})
    if unknown:
        raise BadSetting(f"SENTRI_STORAGE_URL does not know '{unknown[0]}': write {FORM}")
    if query.get("endpoint") and urlsplit(query["endpoint"]).scheme not in ("http", "https"):
        raise BadSetting(f"SENTRI_STORAGE_URL has an endpoint that is no http or https address: write {FORM}")


def _without_secrets(url: str) -> str:
    head, _, tail = url.rpartition("@")
    return f"{head.split('://', 1)[0]}://…@{tail}" if head else url


def _manners(own_endpoint: bool) -> dict[str, Any]:
    """Short patience: a worker that waits for the store executes no tests. One's own endpoint has no subdomains."""
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    client = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
        s3={"addressing_style": "path" if own_endpoint else "auto"},
        # Stores other than Amazon's do not all know the checksums that newer clients add by themselves.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return {"client_config": client, "transfer_config": TransferConfig(use_threads=False)}

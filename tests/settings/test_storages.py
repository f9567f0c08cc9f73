from pathlib import Path

import pytest

from sentri.env import BadSetting
from sentri.storages import storage


def test_artifacts_are_files_unless_told_otherwise(tmp_path: Path) -> None:
    found = storage("", "", "", tmp_path)
    assert (found["BACKEND"], found["OPTIONS"]) == (
        "django.core.files.storage.FileSystemStorage",
        {"location": tmp_path},
    )


def test_the_address_of_a_bucket_is_taken_apart(tmp_path: Path) -> None:
    url = "s3://my-bucket/qa/sentri?endpoint=http://minio:9000&region=eu-central-1"
    found = storage(url, "key", "secret", tmp_path)
    names = ("bucket_name", "location", "endpoint_url", "region_name", "access_key", "secret_key")
    assert [found["OPTIONS"][name] for name in names] == [
        "my-bucket",
        "qa/sentri",
        "http://minio:9000",
        "eu-central-1",
        "key",
        "secret",
    ]


def test_without_endpoint_and_key_amazon_and_its_own_chain_are_meant(tmp_path: Path) -> None:
    options = storage("s3://my-bucket", "", "", tmp_path)["OPTIONS"]
    assert [options[name] for name in ("endpoint_url", "region_name", "access_key", "location")] == [
        None,
        None,
        None,
        "",
    ]


@pytest.mark.parametrize(
    ("url", "key", "sentence"),
    [
        ("gs://bucket", "", "SENTRI_STORAGE_URL='gs://bucket' cannot be used: write s3://BUCKET"),
        ("s3://", "", "cannot be used: write s3://BUCKET"),
        ("s3://me:secret@bucket", "", "write it to SENTRI_STORAGE_KEY and SENTRI_STORAGE_SECRET"),
        ("s3://bucket?zone=eu", "", "does not know 'zone'"),
        ("s3://bucket?endpoint=minio:9000", "", "no http or https address"),
        ("s3://bucket", "key", "set both or neither"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_with_the_form_that_does(
    tmp_path: Path, url: str, key: str, sentence: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        storage(url, key, "", tmp_path)
    assert sentence in str(refused.value)
    assert "secret@" not in str(refused.value)

"""Failed sign-ins and throttles of other tests are forgotten."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()

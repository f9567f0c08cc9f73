"""A one-time code is given out once, whoever asks, and nothing of its secret is kept."""

import pytest

from projects.accounts import KEPT_WINDOWS, claim_code
from projects.models import UsedCode

SECRET, OTHER = "GEZDGNBVGY3TQOJQ", "JBSWY3DPEHPK3PXP"
NOW = 58_000_000

pytestmark = pytest.mark.django_db


def test_a_code_is_given_out_once_and_none_before_it_after_that() -> None:
    assert [claim_code(SECRET, window) for window in (NOW, NOW, NOW + 1, NOW, NOW + 1)] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert claim_code(OTHER, NOW)


def test_a_secret_has_one_row_that_does_not_say_it() -> None:
    for window in range(NOW, NOW + 5):
        claim_code(SECRET, window)
    [row] = UsedCode.objects.values_list("fingerprint", "window")
    assert (len(row[0]), row[1]) == (64, NOW + 4)
    assert SECRET not in row[0]


def test_the_row_of_a_secret_that_nobody_uses_any_more_goes_after_a_day() -> None:
    claim_code(SECRET, NOW)
    claim_code(OTHER, NOW + KEPT_WINDOWS)
    assert UsedCode.objects.count() == 2
    claim_code(OTHER, NOW + KEPT_WINDOWS + 1)
    assert [row.window for row in UsedCode.objects.all()] == [NOW + KEPT_WINDOWS + 1]

from __future__ import annotations

from runs.engine.generate.effects import at
from tests.engine.generate.snapshots import look


def test_what_may_be_secret_in_an_address_is_neither_kept_nor_expected() -> None:
    seen = look("/account?tab=orders&session_token=b7f3kq92mz81")
    assert "b7f3kq92mz81" not in seen.model_dump_json()
    assert at(seen) == {"do": "expect_url", "path": "/account", "query": {"tab": "orders"}}
    assert at(look("/account?session_token=b7f3kq92mz81")) == {"do": "expect_url", "path": "/account"}

from runs.engine.generate.propose import unmasked


def test_nothing_that_was_masked_is_expected() -> None:
    shown = {"do": "expect_visible", "target": {"text": "Welcome"}}
    masked = {"do": "expect_url", "path": "/hello?token=•••"}
    typed = {"do": "fill", "target": {"label": "Name"}, "value": "•••"}
    assert unmasked({"title": "T", "steps": [typed, masked, shown]})["steps"] == [typed, shown]
    untouched = {"title": "T", "steps": [shown]}
    assert unmasked(untouched) is untouched

"""What every notifier of the registry keeps to."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from runs import states
from runs.delivering import secret_fields
from runs.ledger import outbox
from runs.notifiers import CHANNELS, NOTIFIERS
from runs.notifiers.base import Ports, Reply
from tests.notifiers.conftest import NOW, news
from tests.receivers import Arrived

SETTINGS: dict[str, dict[str, Any]] = {
    "callback": {"url": "https://ci.test/done"},
    "teams": {"url": "https://hooks.test/very-secret"},
    "webhook": {"url": "https://hooks.test/very-secret"},
    "email": {"to": ["ada@shop.test"]},
    "github": {"token": "very-secret", "repo": "octo/shop"},
}


class Taken:
    """Both ports: whatever is sent is kept."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def send(self, *sent: Any) -> Any:
        if len(sent) == 1:
            self.texts.append(str(sent[0]))
            return "taken"
        self.texts.append(str(Arrived(sent[0], sent[1], dict(sent[2]), sent[3])))
        return Reply(200, {}, b'{"id": 7}')


@pytest.mark.parametrize("name", NOTIFIERS)
def test_a_notifier_stands_under_its_name_and_has_sound_settings(name: str) -> None:
    notifier = NOTIFIERS[name]
    assert notifier.name == name
    assert len(name) <= 20
    assert set(notifier.occasions) <= set(outbox.OCCASIONS.values())
    assert set(notifier.addresses) <= set(notifier.settings.model_fields)
    with pytest.raises(ValidationError, match="extra_forbidden"):
        notifier.settings.model_validate({**SETTINGS[name], "colour": "red"})


@pytest.mark.parametrize("name", NOTIFIERS)
def test_a_notifier_names_its_receiver_without_secrets(name: str) -> None:
    notifier = NOTIFIERS[name]
    chosen = notifier.settings.model_validate(SETTINGS[name])
    assert notifier.target(chosen)
    assert "very-secret" not in notifier.target(chosen) + repr(chosen)
    assert secret_fields(notifier.settings) or name in ("callback", "email")


@pytest.mark.parametrize("name", NOTIFIERS)
def test_a_notifier_sends_its_key_and_the_same_words_on_every_try(name: str) -> None:
    notifier, taken = NOTIFIERS[name], Taken()
    chosen = notifier.settings.model_validate(SETTINGS[name])
    ports = Ports(taken, taken, {})
    for later in range(2):
        told = news(at=NOW + timedelta(minutes=later), commit={"repo": "octo/shop", "sha": "a" * 40})
        notifier.send(told, chosen, ports)
    assert all(told.key in text for text in taken.texts)
    assert all("RUN-42" in text for text in taken.texts)


def test_every_state_that_tells_has_an_occasion_and_every_channel_can_be_told() -> None:
    telling = {state for state, effects in states.ON_ENTRY.items() if "owe" in effects} | {states.QUEUED}
    assert telling == set(outbox.OCCASIONS)
    assert all(len(name) <= 20 and CHANNELS[name].words for name in CHANNELS)

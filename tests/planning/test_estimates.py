"""Durations guessed from steps."""

from random import Random

from runs.planning import DEFAULT, fitted, kinds_of

COSTS = {"open": 2_500, "goto": 1_400, "click": 700, "fill": 30, "expect_text": 90}


def document(random: Random) -> dict[str, object]:
    kinds = [kind for kind in COSTS if kind != "open"]
    return {"kind": "ui", "steps": [{"do": random.choice(kinds)} for _ in range(random.randint(1, 12))]}


def taken(document: dict[str, object]) -> float:
    return float(sum(COSTS[kind] * number for kind, number in kinds_of(document).items()))


def test_without_history_an_estimate_grows_with_the_steps_and_an_api_test_opens_no_page() -> None:
    short = {"kind": "ui", "steps": [{"do": "click"}]}
    long = {"kind": "ui", "steps": [{"do": "click"}] * 10}
    api = {"kind": "api", "steps": [{"do": "request"}]}
    assert 100 <= DEFAULT.estimate(api) < DEFAULT.estimate(short) < DEFAULT.estimate(long)


def test_estimates_are_never_nothing_and_never_endless() -> None:
    assert DEFAULT.estimate({"kind": "api", "steps": []}) == 100
    assert DEFAULT.estimate({"steps": [{"do": "goto"}] * 100_000}) == 1_800_000
    assert DEFAULT.estimate({"steps": [{"do": "a kind of tomorrow"}]}) > 0


def test_a_projects_own_history_is_learnt_from_noisy_samples() -> None:
    random = Random(5)
    documents = [document(random) for _ in range(120)]
    prior = fitted([(kinds_of(one), taken(one) * random.uniform(0.85, 1.15)) for one in documents])
    fresh = [document(random) for _ in range(50)]
    errors = [abs(prior.estimate(one) / taken(one) - 1) for one in fresh]
    guesses = [abs(DEFAULT.estimate(one) / taken(one) - 1) for one in fresh]
    assert max(errors) < 0.15 < sum(guesses) / len(guesses)


def test_little_history_changes_little_and_none_changes_nothing() -> None:
    one = {"kind": "ui", "steps": [{"do": "click"}]}
    assert fitted([]).estimate(one) == DEFAULT.estimate(one)
    learnt = fitted([(kinds_of(one), 5_000.0)]).estimate(one)
    assert DEFAULT.estimate(one) < learnt < 5_000


def test_the_same_history_in_another_order_gives_the_same_estimates() -> None:
    random = Random(9)
    samples = [(kinds_of(one), taken(one)) for one in (document(random) for _ in range(40))]
    one = document(random)
    assert fitted(samples).estimate(one) == fitted(samples[::-1]).estimate(one)

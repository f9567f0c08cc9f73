from itertools import product
from pathlib import Path

import pytest

from runs import states

ROOT = Path(__file__).resolve().parents[2]
TRIGGERS = {machine: sorted({trigger for _, trigger in table}) for machine, table in states.MACHINES.items()}
STATES = {
    "run": states.RUN_STATES,
    "lease": states.LEASE_STATES,
    "result": states.RESULT_STATES,
    "page": states.PAGE_STATES,
    "case": states.CASE_STATES,
    "delivery": states.DELIVERY_STATES,
    "trial": states.TRIAL_STATES,
}
EVERY = [(m, s, t) for m, names in STATES.items() for s, t in product(names, TRIGGERS[m])]


@pytest.mark.parametrize(("machine", "state", "trigger"), EVERY)
def test_every_state_and_trigger_moves_as_the_table_says_or_is_impossible(
    machine: str, state: str, trigger: str
) -> None:
    if (state, trigger) in states.MACHINES[machine]:
        assert states.move(machine, state, trigger) in STATES[machine]
    else:
        with pytest.raises(states.Impossible, match=f"A {machine} that is {state} cannot {trigger}"):
            states.move(machine, state, trigger)


@pytest.mark.parametrize("machine", STATES)
def test_a_trigger_leads_to_one_state_wherever_it_comes_from(machine: str) -> None:
    for trigger in TRIGGERS[machine]:
        sources = states.sources(machine, trigger)
        assert {states.move(machine, state, trigger) for state in sources} == {states.target(machine, trigger)}


def test_a_trigger_that_no_state_has_is_impossible() -> None:
    with pytest.raises(states.Impossible, match="A lease that is in any state cannot judge"):
        states.target("lease", "judge")


def test_nothing_leaves_a_terminal_state() -> None:
    assert not {state for state, _ in states.RUN} & states.TERMINAL
    assert not {state for state, _ in states.RESULT} & states.RESOLVED
    assert {state for state, _ in states.LEASE} == {states.OPEN}


@pytest.mark.parametrize("end", sorted(states.TERMINAL))
def test_every_end_of_a_run_tells_done_and_notes_it_once(end: str) -> None:
    assert states.ON_ENTRY[end].count("tell_done") == 1
    assert states.ON_ENTRY[end].count("note_end") == 1


@pytest.mark.parametrize("machine", STATES)
def test_every_state_can_be_reached(machine: str) -> None:
    reached = set(states.MACHINES[machine].values()) | {STATES[machine][0]}
    assert reached == set(STATES[machine])


def test_a_crawl_goes_through_its_stages_in_order() -> None:
    stages = ["crawl", "plan", "observe", "propose", "prove", "score"]
    assert [states.next_stage("crawl", stage) for stage in stages] == [*stages[1:], None]
    assert states.next_stage("test", "execute") is None


def test_the_table_in_the_docs_is_the_table_in_the_code() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    for machine, table in states.MACHINES.items():
        for (state, trigger), to in table.items():
            assert f"| {machine} | {state} | {trigger} | {to} |" in text

"""The families of generated tests: one file each, one line here. Order is the order in which they take turns."""

from runs.engine.generate.cases import Family
from runs.engine.generate.proposals import (
    action,
    api,
    choosing,
    contract,
    following,
    form,
    interruption,
    journey,
    navigation,
    page,
    pagination,
    quality,
    record,
    search,
    signin,
    state,
)

FAMILIES: dict[str, Family] = {
    "page": Family(page.cases, page.tests),
    "signin": Family(signin.cases, signin.tests, signin.deeper),
    "search": Family(search.cases, search.tests),
    "form": Family(form.cases, form.tests, record.begun_by),
    "action": Family(action.cases, action.tests, following.deeper),
    "record": Family(record.cases, record.tests, record.deeper),
    "journey": Family(journey.cases, journey.tests),
    "navigation": Family(navigation.cases, navigation.tests),
    "pagination": Family(pagination.cases, pagination.tests),
    "filter": Family(choosing.cases, choosing.tests),
    "state": Family(state.cases, state.tests),
    "api": Family(api.cases, api.tests),
    "contract": Family(contract.cases, contract.tests),
    "quality": Family(quality.cases, quality.tests),
    "interruption": Family(interruption.cases, interruption.tests),
}

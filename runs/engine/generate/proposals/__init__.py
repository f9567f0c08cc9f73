"""The families of generated tests: one file each, one line here. Order is the order in which they take turns."""

from runs.engine.generate.cases import TestFamily
from runs.engine.generate.proposals import (
    action,
    api,
    contract,
    filtering,
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

FAMILIES: dict[str, TestFamily] = {
    "page": TestFamily(page.cases, page.tests),
    "signin": TestFamily(signin.cases, signin.tests, signin.deeper),
    "search": TestFamily(search.cases, search.tests),
    "form": TestFamily(form.cases, form.tests, record.begun_by),
    "action": TestFamily(action.cases, action.tests, following.deeper),
    "record": TestFamily(record.cases, record.tests, record.deeper),
    "journey": TestFamily(journey.cases, journey.tests),
    "navigation": TestFamily(navigation.cases, navigation.tests),
    "pagination": TestFamily(pagination.cases, pagination.tests),
    "filter": TestFamily(filtering.cases, filtering.tests),
    "state": TestFamily(state.cases, state.tests),
    "api": TestFamily(api.cases, api.tests),
    "contract": TestFamily(contract.cases, contract.tests),
    "quality": TestFamily(quality.cases, quality.tests),
    "interruption": TestFamily(interruption.cases, interruption.tests),
}

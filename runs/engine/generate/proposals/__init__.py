"""The families of generated tests: one file each, one line here. Order is the order in which they take turns."""

from runs.engine.generate.cases import Family
from runs.engine.generate.proposals import action, api, choosing, form, navigation, page, pagination, search, signin

FAMILIES: dict[str, Family] = {
    "page": Family(page.cases, page.tests),
    "signin": Family(signin.cases, signin.tests),
    "search": Family(search.cases, search.tests),
    "form": Family(form.cases, form.tests),
    "action": Family(action.cases, action.tests, action.deeper),
    "navigation": Family(navigation.cases, navigation.tests),
    "pagination": Family(pagination.cases, pagination.tests),
    "filter": Family(choosing.cases, choosing.tests),
    "api": Family(api.cases, api.tests),
}

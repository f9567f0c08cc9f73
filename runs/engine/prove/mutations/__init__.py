"""The ways in which the application is broken. A kind is one file and one line here; rarer kinds go first."""

from runs.engine.prove.mutations.base import Mutation, MutationEffect
from runs.engine.prove.mutations.changed_text import ChangedText
from runs.engine.prove.mutations.dead_link import DeadLink
from runs.engine.prove.mutations.emptied_api import EmptiedApi
from runs.engine.prove.mutations.emptied_main import EmptiedMain
from runs.engine.prove.mutations.error_status import ErrorStatus
from runs.engine.prove.mutations.failed_api import FailedApi
from runs.engine.prove.mutations.frozen_count import FrozenCount
from runs.engine.prove.mutations.ignored_query import IgnoredQuery
from runs.engine.prove.mutations.missing_property import MissingProperty
from runs.engine.prove.mutations.missing_script import MissingScript
from runs.engine.prove.mutations.redirected import Redirected
from runs.engine.prove.mutations.removed_element import RemovedElement
from runs.engine.prove.mutations.removed_message import RemovedMessage
from runs.engine.prove.mutations.stale import Stale
from runs.engine.prove.mutations.swallowed_click import SwallowedClick
from runs.engine.prove.mutations.swallowed_input import SwallowedInput
from runs.engine.prove.mutations.swallowed_submit import SwallowedSubmit
from runs.engine.prove.mutations.thrown_error import ThrownError
from runs.engine.prove.mutations.wrong_figure import WrongFigure
from runs.engine.prove.mutations.wrong_type import WrongType

__all__ = ["MUTATIONS", "Mutation", "MutationEffect"]

MUTATIONS: dict[str, type[Mutation]] = {
    "stale": Stale,
    "swallowed_submit": SwallowedSubmit,
    "swallowed_click": SwallowedClick,
    "swallowed_input": SwallowedInput,
    "ignored_query": IgnoredQuery,
    "removed_message": RemovedMessage,
    "frozen_count": FrozenCount,
    "wrong_figure": WrongFigure,
    "failed_api": FailedApi,
    "emptied_api": EmptiedApi,
    "missing_property": MissingProperty,
    "wrong_type": WrongType,
    "missing_script": MissingScript,
    "thrown_error": ThrownError,
    "dead_link": DeadLink,
    "changed_text": ChangedText,
    "emptied_main": EmptiedMain,
    "removed_element": RemovedElement,
    "error_status": ErrorStatus,
    "redirected": Redirected,
}

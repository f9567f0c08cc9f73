"""The ways in which the application is broken. A kind is one file and one line here; rarer kinds go first."""

from runs.engine.prove.breakages.base import Breakage, Damage
from runs.engine.prove.breakages.changed_text import ChangedText
from runs.engine.prove.breakages.dead_link import DeadLink
from runs.engine.prove.breakages.emptied_api import EmptiedApi
from runs.engine.prove.breakages.emptied_main import EmptiedMain
from runs.engine.prove.breakages.error_status import ErrorStatus
from runs.engine.prove.breakages.failed_api import FailedApi
from runs.engine.prove.breakages.frozen_count import FrozenCount
from runs.engine.prove.breakages.ignored_query import IgnoredQuery
from runs.engine.prove.breakages.missing_property import MissingProperty
from runs.engine.prove.breakages.missing_script import MissingScript
from runs.engine.prove.breakages.redirected import Redirected
from runs.engine.prove.breakages.removed_element import RemovedElement
from runs.engine.prove.breakages.removed_message import RemovedMessage
from runs.engine.prove.breakages.stale import Stale
from runs.engine.prove.breakages.swallowed_click import SwallowedClick
from runs.engine.prove.breakages.swallowed_input import SwallowedInput
from runs.engine.prove.breakages.swallowed_submit import SwallowedSubmit
from runs.engine.prove.breakages.thrown_error import ThrownError
from runs.engine.prove.breakages.wrong_figure import WrongFigure
from runs.engine.prove.breakages.wrong_type import WrongType

__all__ = ["BREAKAGES", "Breakage", "Damage"]

BREAKAGES: dict[str, type[Breakage]] = {
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

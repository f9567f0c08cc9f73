"""What a control may be there for."""

from __future__ import annotations

from enum import StrEnum


class Intent(StrEnum):
    """Acts, and what an act is about where that decides (`ALL`, `FILTER`, `ARRANGE`)."""

    DELETE = "delete"
    PAY = "pay"
    SIGN_OUT = "sign_out"
    UNSUBSCRIBE = "unsubscribe"  # ends a subscription or booking
    RESET = "reset"
    TRANSFER = "transfer"
    PUBLISH = "publish"  # reaches other people
    STOP = "stop"
    SIGN_IN = "sign_in"
    SIGN_UP = "sign_up"
    CHANGE_PASSWORD = "change_password"  # noqa: S105
    ALL = "all"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    CONTINUE = "continue"
    NEXT = "next"
    PERSONAL = "personal"  # what only the visitor sees
    ACCEPT_COOKIES = "accept_cookies"
    FILTER = "filter"
    ARRANGE = "arrange"
    CLEAR_VIEW = "clear_view"  # undoes what a page is told to show, by a word that deletes or resets
    EDIT = "edit"
    CHOOSE = "choose"
    REMEMBER = "remember"

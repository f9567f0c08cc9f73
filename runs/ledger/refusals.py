from __future__ import annotations


class Refused(Exception):
    """A rule of the domain forbids what was asked; `code` names the rule, the message is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StaleLease(Exception):
    """The writer's lease is closed or its run is over: write nothing and stop quietly."""

"""The one error of storage."""


class Away(Exception):
    """The store does not do what it is asked; the message is one sentence for anybody, its cause is for the log."""

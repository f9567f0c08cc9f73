"""A project as full and as badly named as any can be, written in bulk: what every page has to stand.

Names are long, without spaces, from right to left, with emoji and with markup; there are as many tests and runs as
asked for. `filled` writes it into the present database and says where examples of everything lie.
"""

from tests.web.filled.project import Filled, Size, filled

__all__ = ["Filled", "Size", "filled"]

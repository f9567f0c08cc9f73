"""Values that Sentri makes up when it fills in a form: records that hold one are its own."""

from __future__ import annotations

import re

# There is room for the words of a message: “Sentri, number 482913”.
OURS = re.compile(r"sentri\D{0,20}\d{6}", re.IGNORECASE)

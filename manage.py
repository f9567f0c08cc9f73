#!/usr/bin/env python
from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    # While modules are loaded there is no garbage. Sentri's app goes on with it, as the last one that is loaded.
    gc.disable()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentri.settings")
    from django.core.management import execute_from_command_line

    from sentri.env import BadSetting

    try:
        execute_from_command_line(sys.argv)
    except BadSetting as error:
        sys.exit(f"sentri: {error}")


if __name__ == "__main__":
    main()

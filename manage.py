#!/usr/bin/env python
from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentri.settings")
    from django.core.management import execute_from_command_line

    from sentri.env import BadSetting

    try:
        execute_from_command_line(sys.argv)
    except BadSetting as error:
        sys.exit(f"sentri: {error}")


if __name__ == "__main__":
    main()

"""python -m runs.engine.browser [--install]   prints the path of the browser, and puts one here where there is none"""

import os
import sys

from runs.engine.browser.find import Executable, NoBrowser, find_browser
from runs.engine.browser.install import install_browser


def _find_or_install() -> Executable:
    try:
        return find_browser()
    except NoBrowser:
        if os.environ.get("SENTRI_BROWSER_PATH"):
            raise
        return install_browser()


def main(arguments: list[str]) -> int:
    try:
        browser = _find_or_install() if "--install" in arguments else find_browser()
    except NoBrowser as problem:
        print(problem, file=sys.stderr)
        return 2
    print(browser.path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

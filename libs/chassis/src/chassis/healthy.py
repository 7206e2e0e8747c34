"""`python -m chassis.healthy`: whether the service of this container answers, for engines that ask by a command."""

import sys
from urllib.error import URLError
from urllib.request import urlopen

from chassis.settings import Settings

WITHIN = 4.0


def main() -> int:
    """0 if the process answers, 1 if not."""
    try:
        with urlopen(f"http://127.0.0.1:{Settings().port}/livez", timeout=WITHIN) as answer:
            return 0 if answer.status == 200 else 1
    except (URLError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""`python -m executor`: this service as a process of its own."""

import sys

from chassis.loading import loading

with loading():
    from chassis.running import main
    from executor.service import executor
    from executor.tokens.rotation import ROTATE

if __name__ == "__main__":
    sys.exit(main(executor, ROTATE))

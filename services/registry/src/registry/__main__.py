"""`python -m registry`: this service as a process of its own."""

import sys

from chassis.loading import loading

with loading():
    from chassis.running import main
    from registry.service import registry

if __name__ == "__main__":
    sys.exit(main(registry))

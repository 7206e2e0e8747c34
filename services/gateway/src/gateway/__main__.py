"""`python -m gateway`: this service as a process of its own."""

import sys

from chassis.loading import loading

with loading():
    from chassis.running import main
    from gateway.access.rotation import ROTATE_KEY
    from gateway.service import gateway

if __name__ == "__main__":
    sys.exit(main(gateway, ROTATE_KEY))

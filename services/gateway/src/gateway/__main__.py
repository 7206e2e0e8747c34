"""`python -m gateway`: this service as a process of its own."""

import sys

from chassis.running import main
from gateway.service import gateway

if __name__ == "__main__":
    sys.exit(main(gateway))

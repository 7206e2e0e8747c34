"""`python -m provenance`: this service as a process of its own."""

import sys

from chassis.loading import loading

with loading():
    from chassis.running import main
    from provenance.commands import RESTORE
    from provenance.service import provenance

if __name__ == "__main__":
    sys.exit(main(provenance, RESTORE))

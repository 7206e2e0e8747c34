"""`/registry`: the ten kinds by one loop, what is about all of them, and what is for administrators."""

from contracts.kinds import KINDS
from gateway.facades.provena import common, general, items_reading, items_writing, registry_admin
from gateway.facades.provena.doors import router as router_of

router = router_of("registry")
common.add(router, "registry")
for kind in KINDS:
    items_reading.add(router, kind)
    items_writing.add(router, kind)
general.add(router)
registry_admin.add(router)

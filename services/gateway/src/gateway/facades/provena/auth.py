"""`/auth`: groups, links, requests for roles. What is below `/auth/realms` is the issuer's."""

from gateway.facades.provena import access_requests, common, groups, links, releasing
from gateway.facades.provena.doors import router as router_of

router = router_of("auth")
common.add(router, "auth")
groups.add(router)
links.add(router)
access_requests.add(router)
releasing.add(router)

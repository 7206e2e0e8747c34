"""What belongs to no record: accounts, tenants, plans, software, the web. What is said of it follows from its id alone.

So do the links between two of them. Whoever states them states the same, and it matters to nobody who did so first.
"""

from urllib.parse import unquote, urlsplit

from contracts.ids import plan_id, resource_id
from contracts.vocabulary import Relation, Subtype
from provenance.records.builder import Builder
from provenance.records.names import software_id, tenant_id

PERSONAL = "~"
"""Begins the name of a tenant that is one account's own, so not an organisation."""


def account(graph: Builder, account: str, tenant: str | None = None) -> str:
    """State an account, and the organisation it acts for."""
    issuer, _, subject = account.removeprefix("user/").rpartition("/")
    graph.describe(account, Subtype.ACCOUNT, prov_label=subject, subject=subject, issuer=issuer or None)
    if tenant is not None and not tenant.startswith(PERSONAL):
        body = graph.describe(tenant_id(tenant), Subtype.TENANT, prov_label=tenant)
        graph.link(account, Relation.ACTED_ON_BEHALF_OF, body)
    return account


def plan(graph: Builder, handle: str, sha256: str) -> str:
    """State a workflow as it was when it was packed into these bytes."""
    plan = plan_id(handle, sha256)
    graph.describe(plan, Subtype.PLAN, prov_label=f"{handle} ({sha256[:12]})", workflow=handle, sha256=sha256)
    graph.link(plan, Relation.SPECIALIZATION_OF, graph.refer(handle, Subtype.WORKFLOW))
    return plan


def resource(graph: Builder, url: str) -> str:
    """State what lies at an address of the web."""
    label = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]) or urlsplit(url).netloc
    return graph.describe(resource_id(url), Subtype.RESOURCE, prov_label=label, prov_location=url)


def software(graph: Builder, name: str, version: str) -> str:
    """State a release of a piece of software."""
    release = software_id(name, version)
    # Read back from the id: two ways to cut one text must not describe one node differently.
    name, _, version = release.removeprefix("software/").rpartition("/")
    return graph.describe(release, Subtype.SOFTWARE, prov_label=f"{name} {version}", name=name, version=version)

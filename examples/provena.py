"""A dataset, a model and a run, registered with Provena's own client; then the question where the result comes from."""

import asyncio
import os
from typing import Any

from provenaclient import Config, ProvenaClient
from provenaclient.auth.implementations import DeviceFlow
from provenaclient.utils.config import APIOverrides
from ProvenaInterfaces.AuthAPI import UserLinkUserAssignRequest
from ProvenaInterfaces.ProvenanceModels import ModelRunRecord
from ProvenaInterfaces.RegistryModels import (
    CollectionFormat,
    DatasetTemplateDomainInfo,
    ModelDomainInfo,
    ModelRunWorkflowTemplateDomainInfo,
    OrganisationDomainInfo,
    PersonDomainInfo,
)

URL = os.environ.get("PLATFORM_URL", "http://127.0.0.1:8000")
APIS = {"datastore": "datastore", "auth": "auth", "registry": "registry", "prov": "prov", "search": "search"}
APIS |= {"handle_service": "handle", "jobs_service": "jobs"}
PLACES = {f"{api}_api_endpoint_override": f"{URL}/{path}" for api, path in APIS.items()}
ISSUER = f"{URL}/auth/realms/reprovena"
CONFIG = Config("localhost", "reprovena", APIOverrides(keycloak_endpoint_override=ISSUER, **PLACES))
SITE = "https://example.org/waves"


# README.md shows what follows
async def main() -> None:
    """Register all of it, and print the lineage of what the run made."""
    provena = ProvenaClient(DeviceFlow(CONFIG, "client-tools"), CONFIG)  # shows a code, and where to log in with it
    registry, datastore = provena.registry, provena.datastore
    ada = (await provena.auth_api.get_link_lookup_username()).person_id or await linked(provena)
    lab = await handle(registry.organisation.create_item(OrganisationDomainInfo(display_name="Lab", name="Lab")))

    measured = (await datastore.mint_dataset(dataset("Measured heights of waves", lab))).handle
    forecast = (await datastore.mint_dataset(dataset("Forecast of waves", lab))).handle

    about = {"name": "Waves", "description": "Forecasts waves", "documentation_url": SITE, "source_url": SITE}
    model = await handle(registry.model.create_item(ModelDomainInfo(display_name="Waves", **about)))
    heights = await handle(registry.dataset_template.create_item(DatasetTemplateDomainInfo(display_name="Heights")))
    sides = {"input_templates": [{"template_id": heights}], "output_templates": [{"template_id": heights}]}
    way = ModelRunWorkflowTemplateDomainInfo(display_name="Forecast", software_id=model, **sides)
    template = await handle(registry.model_run_workflow.create_item(way))

    given = {"dataset_template_id": heights, "dataset_type": "DATA_STORE"}
    record = {"workflow_template_id": template, "display_name": "Monday's forecast", "description": "As every day"}
    record |= {"inputs": [given | {"dataset_id": measured}], "outputs": [given | {"dataset_id": forecast}]}
    record |= {"associations": {"modeller_id": ada}, "start_time": 1767571200, "end_time": 1767574800}
    run = await provena.prov_api.register_model_run(ModelRunRecord(**record))
    await provena.job_api.await_successful_job_completion(run.session_id)

    lineage = (await provena.prov_api.explore_upstream(forecast)).graph
    kinds = {node.id: node.item_subtype.value for node in lineage.nodes}
    for link in lineage.links:
        print(kinds[link.source], link.source, link.type, kinds[link.target], link.target)


# README.md shows what stands above


async def handle(creation: Any) -> str:
    """The handle of what is created."""
    return str((await creation).created_item.id)


async def linked(provena: ProvenaClient) -> str:
    """Register the person that the account is, as whoever registers models must be."""
    name = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org"}
    info = PersonDomainInfo(display_name="Ada Lovelace", ethics_approved=True, **name)
    person = await handle(provena.registry.person.create_item(info))
    await provena.auth_api.post_link_assign(UserLinkUserAssignRequest(person_id=person))
    return person


def dataset(name: str, organisation: str) -> CollectionFormat:
    """A dataset's description."""
    no = {"relevant": False, "obtained": False}
    approvals = ("ethics_registration", "ethics_access", "indigenous_knowledge", "export_controls")
    info = {"name": name, "description": name, "publisher_id": organisation, "access_info": {"reposited": True}}
    info |= {"license": "https://creativecommons.org/licenses/by/4.0/", "keywords": ["waves"]}
    info |= {"created_date": {"relevant": False}, "published_date": {"relevant": False}}
    associations = {"organisation_id": organisation}
    return CollectionFormat(associations=associations, approvals=dict.fromkeys(approvals, no), dataset_info=info)


if __name__ == "__main__":
    asyncio.run(main())

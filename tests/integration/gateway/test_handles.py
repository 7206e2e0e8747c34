"""Handles on their own: whose they are."""

import pytest
from tests.integration.gateway.conftest import Person

CHANGES = {
    "add_value": {"value_type": "DESC", "value": "more"},
    "add_value_by_index": {"value_type": "DESC", "value": "more", "index": 9},
    "modify_by_index": {"value": "https://example.org/elsewhere", "index": 1},
    "remove_by_index": {"index": 1},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_handle_is_changed_by_its_owner_or_an_administrator(ada: Person, bob: Person, eve: Person, change: str) -> None:
    """Whoever may write handles may not write somebody else's, unless handles are theirs to administer."""
    told = {"value_type": "URL", "value": "https://example.org/1"}
    made = (await ada.http.post("/handle/handle/mint", json=told)).json()
    order = {"id": made["id"]} | CHANGES[change]

    refused = await bob.http.post(f"/handle/handle/{change}", json=order)
    seen = (await bob.http.get("/handle/handle/get", params={"id": made["id"]})).json()
    taken = await eve.http.post(f"/handle/handle/{change}", json=order)

    assert (refused.status_code, made["id"] in refused.json()["detail"]) == (401, True)
    assert seen == made
    assert taken.status_code == 200, taken.text
    assert taken.json() != made
    assert set(made) == {"id", "properties"}

"""Changing an item only if it is as one has seen it: `If-Match` with the ETag of the fetch, at Provena's addresses."""

from typing import Any

from tests.integration.whole.conftest import Whole

AT = "/registry/registry/entity/model"
DATASETS = "/datastore"


async def test_a_change_of_what_somebody_else_changed_is_refused(whole: Whole) -> None:
    """412, and nothing is done; without the header, or with `*`, all is as it was."""
    model = whole.office.model
    fetched = await whole.ada.get(f"{AT}/fetch", params={"id": model})
    old = {"If-Match": fetched.headers["ETag"]}
    item = fetched.json()["item"]
    info = {name: item[name] for name in ("display_name", "name", "description", "documentation_url", "source_url")}
    about: dict[str, Any] = {"id": model, "reason": "r"}

    async def update(headers: dict[str, str]) -> int:
        told = {"params": {"id": model, "reason": "r"}, "json": info, "headers": headers}
        return (await whole.ada.put(f"{AT}/update", **told)).status_code

    assert [await update(old), await update(old), await update({}), await update({"If-Match": "*"})] == [200, 412, 200, 200]
    assert await update({"If-Match": 'W/"x"'}) == 412
    revert = await whole.ada.put(f"{AT}/revert", json=about | {"history_id": 0}, headers=old)
    version = await whole.ada.post(f"{AT}/version", json=about, headers=old)
    delete = await whole.root.delete(f"{AT}/delete", params={"id": model}, headers=old)
    assert [one.status_code for one in (revert, version, delete)] == [412] * 3
    now = await whole.ada.get(f"{AT}/fetch", params={"id": model})
    assert (len(now.json()["item"]["history"]), now.headers["ETag"] == old["If-Match"]) == (4, False)
    assert (await whole.ada.post(f"{AT}/version", json=about, headers={"If-Match": now.headers["ETag"]})).status_code == 200


async def test_datasets_are_guarded_as_well(whole: Whole) -> None:
    """Whichever address they are changed at."""
    handle = whole.office.wind
    fetched = await whole.ada.get(f"{DATASETS}/registry/items/fetch-dataset", params={"handle_id": handle})
    old, format_ = {"If-Match": fetched.headers["ETag"]}, fetched.json()["item"]["collection_format"]
    told: dict[str, Any] = {"params": {"handle_id": handle, "reason": "r"}, "json": format_, "headers": old}

    first, second = [await whole.ada.post(f"{DATASETS}/register/update-metadata", **told) for _ in range(2)]
    about = {"id": handle, "reason": "r"}
    version = await whole.ada.post(f"{DATASETS}/register/version", json=about, headers=old)
    revert = await whole.ada.put(f"{DATASETS}/register/revert-metadata", json=about | {"history_id": 0}, headers=old)

    assert [one.status_code for one in (first, second, version, revert)] == [200, 412, 412, 412]

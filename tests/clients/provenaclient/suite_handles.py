"""Handles on their own. The client's module cannot be called (its attribute has another name), so its inner client is."""

import asyncio

import pytest
from people import Person
from provenaclient.utils.exceptions import AuthException, BadRequestException
from ProvenaInterfaces.HandleAPI import AddValueIndexRequest, AddValueRequest, MintRequest, ModifyRequest, RemoveRequest
from ProvenaInterfaces.HandleModels import ValueType


async def test_a_handle_lives(ada: Person, bob: Person) -> None:
    """A handle is minted, gets values, has them changed and removed, and is listed; without the role it is not."""
    it = ada.client._id_client
    made = await it.mint(MintRequest(value_type=ValueType.URL, value="https://example.org/1"))
    assert [(one.type, one.value, one.index) for one in made.properties] == [("URL", "https://example.org/1", 1)]
    added = [AddValueRequest(id=made.id, value_type=ValueType.DESC, value=str(i)) for i in range(5)]
    await asyncio.gather(*(it.add_value(one) for one in added))
    await it.add_value_by_index(AddValueIndexRequest(id=made.id, index=9, value_type=ValueType.DESC, value="nine"))
    with pytest.raises(BadRequestException):
        await it.add_value_by_index(AddValueIndexRequest(id=made.id, index=9, value_type=ValueType.DESC, value="again"))
    await it.modify_by_index(ModifyRequest(id=made.id, index=1, value="https://example.org/2"))
    found = await it.remove_by_index(RemoveRequest(id=made.id, index=9))
    assert [one.index for one in found.properties] == [1, 2, 3, 4, 5, 6]
    assert found.properties[0].value == "https://example.org/2"
    assert made.id in (await it.list()).ids
    with pytest.raises(BadRequestException):
        await it.remove_by_index(RemoveRequest(id=ada.person, index=1))
    with pytest.raises(AuthException):
        await bob.client._id_client.mint(MintRequest(value_type=ValueType.URL, value="https://example.org/1"))

"""Downloads that go to the file store itself, where it is S3 and the setting says so."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.contract.test_files_s3 import emptied
from tests.integration.gateway.conftest import ACCOUNTS, Person, names_in
from tests.integration.gateway.pretend import Settings, World, executor, provenance, registry
from tests.servers import server

from chassis.files import open_files
from chassis.testing import a_house
from gateway.service import gateway
from gateway.unit import GatewayHouse
from reprovena.sync.fetching import fetch
from reprovena.sync.transport import Transport


@pytest.fixture
async def house(database_url: str, tmp_path: Path, world: World) -> AsyncIterator[GatewayHouse]:
    """A gateway whose files lie in a bucket."""
    accounts = tmp_path / "accounts.yaml"
    accounts.write_text(ACCOUNTS)
    settings = Settings(
        database_url=database_url,
        files_url=f"s3://t-{uuid4().hex}",
        s3_endpoint=server("s3_endpoint"),
        s3_access_key=server("s3_access_key"),
        s3_secret_key=server("s3_secret_key"),
        state=tmp_path,
        accounts_file=accounts,
        download_links=60,
        world=world,
    )
    files = open_files(settings.files_url, settings)
    await files.call(files.client.create_bucket, Bucket=files.bucket)  # type: ignore[attr-defined]
    async with a_house(gateway, settings, registry(), executor(), provenance()) as found:
        yield found
    await emptied(files)  # type: ignore[arg-type]


async def test_a_download_is_sent_on_to_the_store(ada: Person, bob: Person) -> None:
    """Who may have a file gets a link to it, whole or in part; who may not gets none."""
    workflow = (await ada.register()).json()["id"]
    path = f"/v1/workflows/{workflow}/specification"

    answer = await ada.http.get(path)

    assert answer.status_code == 307
    assert answer.headers["cache-control"] == "no-store"
    link = answer.headers["location"]
    assert link.startswith(server("s3_endpoint"))
    async with httpx.AsyncClient(timeout=60) as anybody:
        whole, part = await anybody.get(link), await anybody.get(link, headers={"Range": "bytes=0-3"})
    assert list(names_in(whole.content)) == ["echo.cwl"]
    assert answer.headers["etag"] == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    assert (part.status_code, part.content) == (206, whole.content[:4])
    assert (await ada.http.get(path, headers={"If-None-Match": answer.headers["etag"]})).status_code == 304
    assert (await bob.http.get(path)).status_code == 404


async def test_the_client_follows_without_its_token(house: GatewayHouse, ada: Person, tmp_path: Path) -> None:
    """The Python client's downloads arrive whole and checked, and the store never sees whose they are."""
    workflow = (await ada.register()).json()["id"]
    link = (await ada.http.get(f"/v1/workflows/{workflow}/specification")).headers
    seen: list[httpx.Request] = []

    class Door(httpx.HTTPTransport):
        """Answers for the gateway, and lets everything else through."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            """One answer."""
            seen.append(request)
            if request.url.host == "gateway.test":
                return httpx.Response(307, headers={"Location": link["location"], "ETag": link["etag"]})
            return super().handle_request(request)

    wire = Transport(httpx.URL("https://gateway.test"), door=Door())
    wire.http.headers["Authorization"] = "Bearer secret"
    fetch(wire, "/file", tmp_path / "spec.zip")

    assert list(names_in((tmp_path / "spec.zip").read_bytes())) == ["echo.cwl"]
    assert ["Authorization" in one.headers for one in seen] == [True, False]

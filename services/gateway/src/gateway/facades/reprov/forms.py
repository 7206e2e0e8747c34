"""ReProv's forms: name and version in the query or in the form, files beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from chassis.bundles import fault
from contracts.message import FileRef
from contracts.registry import NAME
from gateway.api.bundling import SINGLE, ZIP, Bundle
from gateway.api.forms import FILE, ROOM, Name, Version, form_of, stored_inputs, stored_spec
from gateway.bodies import limited, media_type
from gateway.facades.reprov.errors import missing, wrong
from gateway.unit import GatewayHouse

InQuery = Annotated[str | None, Query(include_in_schema=False)]
"""`name` or `version`. The documentation wants them in the query, as the original does; the form may have them instead."""


class Title(BaseModel):
    """What a workflow is called."""

    name: Name | None = None
    version: Version | None = None


@dataclass(frozen=True)
class Sent:
    """What came with a request."""

    house: GatewayHouse
    form: FormData
    title: Title

    def file(self, name: str) -> UploadFile | None:
        """A file of the form; an empty text is none."""
        value = self.form.get(name)
        if isinstance(value, str) and value:
            raise wrong("value_error", "Send it as a file", "body", name)
        return value if isinstance(value, UploadFile) else None

    async def spec(self, before: str | None = None) -> tuple[FileRef, Bundle] | None:
        """The specification, stored; whatever its file is called, it is one."""
        file = self.file("spec_file")
        if file is None:
            return None
        known = PurePosixPath(file.filename or "").name
        start = await file.read(4)
        await file.seek(0)
        if start not in ZIP and (not known.lower().endswith(SINGLE) or fault(known) is not None):
            file = UploadFile(file.file, size=file.size, filename="workflow.cwl", headers=file.headers)
        return await stored_spec(self.house, file, None, None, before)

    async def inputs(self) -> FileRef | None:
        """The input file, stored."""
        return await stored_inputs(self.house, self.form, "input_file") if self.file("input_file") else None


@asynccontextmanager
async def sent(request: Request, house: GatewayHouse, **title: str | None) -> AsyncIterator[Sent]:
    """What a request brings: its query, and its form if it has one."""
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        yield Sent(house, FormData(), _title(FormData(), title))
        return
    encoded = media_type(request.headers.get("content-type")) == "application/x-www-form-urlencoded"
    async with limited(request, ROOM).form(max_fields=20) if encoded else form_of(request, house) as form:
        yield Sent(house, form, _title(form, title))


def _title(form: FormData, query: dict[str, str | None]) -> Title:
    """Name and version, the query's before the form's; an empty one is one that was not given."""
    places = {name: "query" if query[name] else "body" for name in query}
    try:
        return Title.model_validate({name: query[name] or form.get(name) or None for name in query})
    except ValidationError as error:
        found = [{**one, "loc": (places[str(one["loc"][0])], *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found) from None


def needed(title: Title) -> tuple[str, str]:
    """Name and version, of which neither may be missing."""
    if title.name is None:
        raise missing("query", "name")
    if title.version is None:
        raise missing("query", "version")
    return title.name, title.version


def form_schema(*files: str) -> dict[str, Any]:
    """A form for the documentation; `files` are those that must be there."""
    schema = {"type": "object", "properties": {"spec_file": FILE, "input_file": FILE}, "required": list(files)}
    limits = {"name": 200, "version": 100}
    parameters = [
        {
            "name": name,
            "in": "query",
            "required": bool(files),
            "description": "May be in the form instead",
            "schema": {"type": "string", "minLength": 1, "maxLength": limit, "pattern": NAME},
        }
        for name, limit in limits.items()
    ]
    body = {"required": bool(files), "content": {"multipart/form-data": {"schema": schema}}}
    return {"parameters": parameters, "requestBody": body}

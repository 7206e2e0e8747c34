"""The forms that register and change workflows: read within limits, their files stored."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.datastructures import FormData, UploadFile

from chassis.bundles import pack
from chassis.files import CHUNK, once, too_large
from chassis.refusal import Refusal, refuse
from contracts.message import FileRef
from contracts.problem import FieldError
from contracts.registry import NAME
from contracts.vocabulary import Engine
from gateway.api.bundling import Bundle, bundle
from gateway.api.once import Taken
from gateway.api.plans import PlanText
from gateway.api.shapes import Shape
from gateway.bodies import limited, media_type
from gateway.unit import GatewayHouse

INPUTS_LIMIT = 1 << 20
ROOM = 1 << 20
"""Bytes of a form beside its files."""
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=NAME)]
Version = Annotated[str, Field(min_length=1, max_length=100, pattern=NAME)]


class Registration(Shape):
    """The fields of a form that registers."""

    name: Name
    version: Version
    engine: Engine | None = None
    main: str | None = None
    model_run: PlanText | None = None
    tenant: str | None = None


class Change(Shape):
    """The fields of a form that changes; what is not given stays."""

    name: Name | None = None
    version: Version | None = None
    engine: Engine | None = None
    main: str | None = None
    clear_inputs: bool = False
    model_run: PlanText | None = None
    clear_model_run: bool = False
    expected_revision: int | None = None


Fields = TypeVar("Fields", bound=Shape)
FILE = {"type": "string", "format": "binary"}
TOOL = "cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: [echo, done]\ninputs: {}\noutputs: []\n"


def form_schema(fields: type[Shape], needed: list[str]) -> dict[str, Any]:
    """A form for the API's documentation: what the fields' model says, in the words of a form, which has no null."""
    whole = fields.model_json_schema()
    texts = {name: _plain(told, whole.get("$defs", {})) for name, told in whole["properties"].items()}
    schema = {
        "type": "object",
        "required": needed,
        "properties": texts | {"spec": FILE, "inputs": FILE},
        "additionalProperties": False,
    }
    example = {"name": "digits", "version": "1.0", "spec": TOOL}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema, "example": example}}}}


def _plain(told: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """A schema of one field, without references and without null."""
    one = next((kind for kind in told.get("anyOf", []) if kind.get("type") != "null"), told)
    one = known[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
    return {name: value for name, value in one.items() if name not in {"title", "default"}}


def form_of(request: Request, house: GatewayHouse) -> AbstractAsyncContextManager[FormData]:
    """The form of a request, to be closed at the end; refused as soon as it is larger than a specification may be."""
    if media_type(request.headers.get("content-type")) != "multipart/form-data":
        raise refuse("gateway:unsupported-media-type", "send a form (multipart/form-data)")
    room = house.settings.spec_limit + INPUTS_LIMIT + ROOM
    return limited(request, room).form(max_files=2, max_fields=20, max_part_size=64 * 1024)


def fields_of(fields: type[Fields], form: FormData) -> Fields:
    """The texts of a form; an empty one is one that was not given."""
    told = {name: value for name, value in form.multi_items() if isinstance(value, str) and value != ""}
    try:
        return fields.model_validate(told)
    except ValidationError as error:
        errors = [FieldError(detail=one["msg"], field=".".join(str(part) for part in one["loc"])) for one in error.errors()]
        raise refuse("gateway:invalid", f"not valid: {', '.join(str(one.field) for one in errors)}", *errors) from None


def file_of(form: FormData, name: str) -> UploadFile | None:
    """A file of a form, if it was given."""
    value = form.get(name)
    if isinstance(value, str) and value:
        raise refuse("gateway:invalid", f"{name} is not a file", FieldError(detail="send it as a file", field=name))
    return value if isinstance(value, UploadFile) else None


async def digests(form: FormData) -> str:
    """What the files of a form are, so that the same form is known again whatever its boundary."""
    found = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            digest = hashlib.sha256()
            while block := await value.read(CHUNK):
                digest.update(block)
            await value.seek(0)
            found.append([name, value.filename, digest.hexdigest()])
    return json.dumps(sorted(found))


async def stored_spec(
    house: GatewayHouse, file: UploadFile, engine: Engine | None, main: str | None, before: str | None
) -> tuple[FileRef, Bundle]:
    """A specification, packed anew (the same content is the same zip), in the file store."""
    limit = house.settings.spec_limit
    if (file.size or 0) > limit:
        raise too_large(limit)
    async with house.parts.packing:
        content = await file.read()
        name = file.filename or ""
        made = await asyncio.to_thread(bundle, name, content, engine=engine, main=main, limit=limit, before=before)
        packed = await asyncio.to_thread(pack, made.files)
        return await house.files.put(once(packed), media_type="application/zip"), made


async def stored_inputs(house: GatewayHouse, form: FormData, field: str = "inputs") -> FileRef | None:
    """The input file of a form, if it was given, in the file store."""
    file = file_of(form, field)
    if file is None:
        return None
    kind = "application/json" if (file.filename or "").lower().endswith(".json") else "application/yaml"
    return await house.files.put(once(await file.read(INPUTS_LIMIT + 1)), media_type=kind, limit=INPUTS_LIMIT)


@asynccontextmanager
async def forgotten(house: GatewayHouse, *files: FileRef | None) -> AsyncIterator[None]:
    """What was stored for a command that is refused, or that another request has sent, is removed."""
    try:
        yield
    except (Refusal, RequestValidationError, Taken) as no:
        if not isinstance(no, Refusal) or no.problem.status < 500:
            for file in files:
                if file is not None:
                    await house.files.delete(file.key)
        raise

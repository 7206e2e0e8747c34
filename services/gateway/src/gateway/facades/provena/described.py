"""The OpenAPI document of one of Provena's APIs: its routes, and beside them what every route may answer when it goes wrong."""

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute


class Wrong(BaseModel):
    """What is wrong with a field."""

    loc: list[str | int]
    msg: str
    type: str


class Detail(BaseModel):
    """Why not."""

    detail: str


class Details(BaseModel):
    """What is wrong, field by field."""

    detail: list[Wrong] | str


TEXTS = {
    400: "It cannot be done so",
    401: "No valid token, or one that does not allow it",
    403: "Not yours",
    412: "It is not as `If-Match` says",
    413: "Too large",
    501: "Not offered here",
    503: "Something needed is away; try again",
}
REF = "#/components/schemas/{model}"
INSTEAD = frozenset({"HTTPValidationError", "ValidationError"})
"""What FastAPI says of faulty requests where nobody says anything else."""


def described(title: str, version: str, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document of an API.

    Told as the routes' own answers, these would be a quarter of what the platform does when it starts: FastAPI makes a
    validator for each answer of each route, and no answer of these is ever validated.
    """
    document = get_openapi(title=title, version=version, routes=routes)
    answers = {str(code): _answer(text, Detail) for code, text in TEXTS.items()}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] = answers | operation["responses"] | {"422": _answer("A field is not valid", Details)}
    _, told = models_json_schema([(Detail, "serialization"), (Details, "serialization")], ref_template=REF)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    kept = {name: schema for name, schema in schemas.items() if name not in INSTEAD}
    document["components"]["schemas"] = kept | told["$defs"]
    return document


def _answer(text: str, model: type[BaseModel]) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": REF.format(model=model.__name__)}}},
    }

"""Files that a workflow takes from outside, found before anything is started; only their descriptions are fetched here."""

import asyncio
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.bundles import clash, fault
from chassis.outside import Outside
from chassis.refusal import Refusal, Trouble, refuse
from contracts.executor import OutsideFile, Source
from contracts.problem import FieldError
from contracts.registry import Parameter, Workflow

if TYPE_CHECKING:
    from gateway.unit import GatewayHouse

FORM = {"schema": "aiod"}
TEXT = 500
"""Characters of what a description says."""
NOTHING = frozenset({"executor:outside-not-found", "executor:outside-unsuitable"})


class _Distribution(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    content_url: str = Field(min_length=1)
    name: Any = None


class _Asset(BaseModel):
    """As the AI-on-demand catalogue describes what it knows; everything but the first distribution is optional."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    distribution: tuple[_Distribution, ...] = Field(min_length=1)
    name: Any = None
    license: Any = None
    version: Any = None
    creator: Any = None


def wanted(workflow: Workflow, values: Mapping[str, Any]) -> list[Parameter]:
    """The inputs that the platform is to find: nothing was given for them, not even that there shall be nothing."""
    return [
        one
        for one in workflow.parameters
        if one.from_platform and (one.name not in values or (values[one.name] is None and not one.type.endswith("?")))
    ]


async def found(
    house: "GatewayHouse", workflow: Workflow, values: Mapping[str, Any], given: Iterable[str]
) -> tuple[dict[str, Any], tuple[OutsideFile, ...]]:
    """The values with a file for each placeholder, and where these files are; refused if one leads nowhere."""
    parameters = wanted(workflow, values)
    if not parameters:
        return dict(values), ()
    outside = Outside(house.settings)
    assets = await asyncio.gather(*(_described(outside, one) for one in parameters))
    taken = set(given)
    files, more = [], dict(values)
    for parameter, (title, source) in zip(parameters, assets, strict=True):
        name = file_name(parameter.name, title, source.url, taken)
        taken.add(name)
        files.append(OutsideFile(name=name, source=source))
        more[parameter.name] = {"class": "File", "path": name}
    return more, tuple(files)


async def _described(outside: Outside, parameter: Parameter) -> tuple[str | None, Source]:
    """What the first distribution is called, and where it is."""
    address, field = parameter.from_platform or "", f"inputs.{parameter.name}"
    try:
        outside.rules.target(address)
        asset = _Asset.model_validate(await outside.json(str(httpx.URL(address).copy_merge_params(FORM))))
        first = asset.distribution[0]
        await outside.check(first.content_url)
    except ValidationError:
        raise _nothing(field, f"{address} describes no file: it has no distribution with a content_url") from None
    except Refusal as no:
        kind = no.problem.type.removeprefix("urn:problem:")
        if kind in NOTHING:
            raise _nothing(field, no.problem.detail) from None
        raise refuse(kind, no.problem.detail, FieldError(detail=no.problem.detail, field=field)) from None
    except Trouble as away:
        detail = f"{away}; try again in a moment"
        raise refuse("gateway:unavailable", detail, FieldError(detail=detail, field=field)) from None
    title = _text(first.name)
    told = {"licence": _text(asset.license), "version": _text(asset.version), "creator": _text(asset.creator)}
    return title, Source(url=first.content_url, metadata=address, title=title or _text(asset.name), **told)


def file_name(parameter: str, title: str | None, url: str, taken: Iterable[str]) -> str:
    """What the file is called in the run's folder: as its distribution, else as its address ends, else as the input."""
    there = dict.fromkeys(taken)
    for name in _names(parameter, title, url):
        if fault(name) is None and name not in there and clash({**there, name: None}) is None:
            return name
    detail = f"no name is left for the file of {parameter!r}; give the other files other names"
    raise refuse("executor:bad-file-name", detail, FieldError(detail=detail, field=f"inputs.{parameter}"))


def _names(parameter: str, title: str | None, url: str) -> Iterator[str]:
    last = unquote(posixpath.basename(httpx.URL(url).path.rstrip("/")))
    names = [plain for one in (title, last, parameter) if (plain := _plain(one or ""))]
    yield from names
    yield from (f"{_plain(parameter)}/{name}" for name in names)


def _plain(name: str) -> str:
    """A name without what no file name has."""
    letters = "".join("_" if letter in "/\\" else letter for letter in name if letter.isprintable()).strip()
    return letters if letters.strip(".") else ""


def _nothing(field: str, detail: str) -> Refusal:
    return refuse("executor:placeholder-not-found", f"invalid placeholder: {detail}", FieldError(detail=detail, field=field))


def _text(value: Any) -> str | None:
    """What a description says, as people would read it: a text, a number, a name of something, or several."""
    if isinstance(value, list):
        value = ", ".join(filter(None, map(_text, value)))
    if isinstance(value, Mapping):
        return next(filter(None, (_text(value.get(key)) for key in ("name", "title", "identifier"))), None)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return "".join(filter(str.isprintable, str(value)))[:TEXT].strip() or None

"""A CWL bundle as REANA wants it, one document; in a child process, for it reads what others wrote."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cwltool.context import LoadingContext
from cwltool.load_tool import fetch_document, resolve_and_validate_document
from cwltool.main import print_pack

from executor.runner.cwl import BundleFetcher


def pack_cwl(argument: str) -> str:
    """The packed document of `{"folder", "main"}`; where it names files of the folder, by their relative paths."""
    told = json.loads(argument)
    folder = Path(told["folder"])
    BundleFetcher.roots = (folder,)
    context = LoadingContext({"fetcher_constructor": BundleFetcher, "do_update": False, "disable_js_validation": True})
    context, document, uri = fetch_document((folder / told["main"].partition("#")[0]).as_uri(), context)
    context.skip_schemas = True
    context, uri = resolve_and_validate_document(context, document, uri)
    if "#" in told["main"]:
        uri = f"{uri.partition('#')[0]}#{told['main'].partition('#')[2]}"
    return json.dumps(_relative(json.loads(print_pack(context, uri)), folder))


def _relative(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        named = {"location", "path"}
        return {key: _path(part, folder) if key in named else _relative(part, folder) for key, part in value.items()}
    return [_relative(part, folder) for part in value] if isinstance(value, list) else value


def _path(value: Any, folder: Path) -> Any:
    if isinstance(value, str) and value.startswith("file:"):
        path = Path(unquote(urlsplit(value).path))
        return str(path.relative_to(folder)) if path.is_relative_to(folder) else value
    return value

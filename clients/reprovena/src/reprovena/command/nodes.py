"""How people name things of the provenance graph."""

from typing import Annotated

import typer

from reprovena import references
from reprovena.command import complete
from reprovena.errors import WrongUse
from reprovena.sync.client import Reprovena

RUN = "A run: its id, or WORKFLOW:VERSION#NUMBER."
Run = Annotated[str, typer.Argument(help=RUN, metavar="RUN", autocompletion=complete.runs)]
Workflow = Annotated[str, typer.Argument(help="NAME:VERSION, or an id.", metavar="WORKFLOW", autocompletion=complete.workflows)]
Thing = Annotated[
    str,
    typer.Argument(
        help="A run (id or WORKFLOW:VERSION#NUMBER), RUN/OUTPUT, or any id of the graph.",
        metavar="THING",
        autocompletion=complete.runs,
    ),
]
_KINDS = ("run/", "sha256:", "plan/", "user/", "workflow/", "tenant/", "software/")


def run_of(client: Reprovena, thing: str) -> str | None:
    """Find the run that is meant, if a run is meant."""
    name = thing.removeprefix("run:")
    if references.is_id(name):
        return name
    plain_id = thing.removeprefix("run/")
    if thing.startswith("run/") and references.is_id(plain_id):
        return plain_id
    if "/" not in name and "#" in name:
        return client.find_run(name).id
    return None


def node_of(client: Reprovena, thing: str) -> str:
    """Find the id of the node that is meant."""
    if (run := run_of(client, thing)) is not None:
        return f"run/{run}"
    head, slash, output = thing.removeprefix("run:").partition("/")
    if thing.startswith(_KINDS) or not slash or not (references.is_id(head) or "#" in head):
        return thing
    found = client.find_run(head)
    for file in client.outputs(found.id):
        if output in {file.path, file.role}:
            return file.id
    msg = f"{found.reference} has no output {output}; see: reprovena run show {found.id}"
    raise WrongUse(msg)

"""`reprovena run dataset` and `reprovena run lodge`: what finished runs come to be among what is registered."""

from pathlib import Path
from typing import Annotated

import typer

from reprovena.command.desk import AsJson, desk
from reprovena.command.nodes import Run
from reprovena.command.words import plain
from reprovena.inputs import read_values
from reprovena.models import Document


def dataset(
    ctx: typer.Context,
    run: Run,
    description: Annotated[Path, typer.Argument(help="The collection format, YAML or JSON.", dir_okay=False, exists=True)],
    outputs: Annotated[list[str] | None, typer.Option("--output", "-o", help="Path or role; else all that were kept.")] = None,
    template: Annotated[str | None, typer.Option(help="The dataset template that it stands for.", metavar="HANDLE")] = None,
    _json: AsJson = False,
) -> None:
    """Register a run's outputs as a dataset."""
    here = desk(ctx)
    client = here.client()
    found = client.find_run(run)
    handle = client.register_outputs(found.id, read_values(description), outputs=outputs or (), template=template)
    here.say({"handle": handle}, plain(f"Outputs of {found.reference} are the dataset {handle}."))


def lodge(ctx: typer.Context, run: Run, _json: AsJson = False) -> None:
    """Lodge a run as the model run that its workflow says it is, if that could not be done when it finished."""
    here = desk(ctx)
    client = here.client()
    found = client.find_run(run)
    outcome = client.lodge_run(found.id)
    here.say(outcome, plain(f"{found.reference} is the model run {outcome['model_run']}."))


def told(outcome: Document) -> str:
    """What became of a run, in a line."""
    parts = [f"Model run {outcome['model_run']}"] if outcome.get("model_run") else []
    parts += [f"dataset {handle}" for handle in outcome.get("datasets") or ()]
    if problem := outcome.get("problem"):
        parts.append(f"not lodged: {problem.get('detail', '')}")
    return "; ".join(parts)

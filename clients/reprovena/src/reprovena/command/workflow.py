"""`reprovena workflow …`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from reprovena.command.desk import AsJson, cell, desk, listing
from reprovena.command.nodes import Workflow as Which
from reprovena.command.words import plain
from reprovena.inputs import read_values
from reprovena.models import Workflow

app = typer.Typer(no_args_is_help=True, help="Register workflows and look at them.")
Template = Annotated[
    str | None, typer.Option(help="The workflow template that its finished runs are model runs of.", metavar="HANDLE")
]
Plan = Annotated[
    Path | None,
    typer.Option(help="A file (YAML or JSON) that says so in full, with the parts of inputs and outputs.", exists=True),
]


@app.command()
def register(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A folder, a zip, or the specification; what it names comes along.")],
    name: Annotated[str | None, typer.Option(help="Else the folder's or the file's.")] = None,
    version: Annotated[str, typer.Option(help="Any text; every change is a new one.")] = "1.0",
    engine: Annotated[str | None, typer.Option(help="cwl, serial, snakemake or yadage; else seen from the file.")] = None,
    main: Annotated[str | None, typer.Option(help="The specification inside the folder, if it is not obvious.")] = None,
    inputs: Annotated[Path | None, typer.Option(help="Values that runs have if they give none.", exists=True)] = None,
    tenant: Annotated[str | None, typer.Option(help="For whom, if you belong to several.")] = None,
    template: Template = None,
    model_run: Plan = None,
    _json: AsJson = False,
) -> None:
    """Register a workflow; it is checked before it is there."""
    here = desk(ctx)
    plan = _plan(template, model_run)
    client = here.client()
    made = client.register_workflow(
        path, name=name, version=version, engine=engine, main=main, inputs=inputs, tenant=tenant, model_run=plan
    )
    here.say(made.document, plain(f"Registered {made.reference} ({made.engine}) as {made.handle}."), _takes(made))
    here.note(f"Run it: reprovena run start {made.reference} --watch")


@app.command("list")
def list_(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Option(help="Only those of this name.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many.", min=1)] = None,
    _json: AsJson = False,
) -> None:
    """List workflows."""
    here = desk(ctx)
    found = list(here.client().workflows(name=name, limit=limit))
    table = listing("WORKFLOW", "ENGINE", "HANDLE", "TENANT", "ID")
    for item in found:
        table.add_row(*(cell(text) for text in (item.reference, item.engine, item.handle, item.tenant, item.id)))
    here.say({"items": [item.document for item in found]}, table if found else plain("There are none.", "dim"))


@app.command()
def show(ctx: typer.Context, workflow: Which, _json: AsJson = False) -> None:
    """Show a workflow and what it takes."""
    here = desk(ctx)
    found = here.client().workflow(workflow)
    facts = listing()
    facts.add_column()
    facts.add_column()
    facts.show_header = False
    rows = {
        "Workflow": found.reference,
        "Handle": found.handle,
        "Id": found.id,
        "Engine": found.engine,
        "Main": found.main,
        "Tenant": found.tenant,
        "Model runs of": (found.document.get("model_run") or {}).get("template", ""),
    }
    for label, value in rows.items():
        facts.add_row(label, cell(value))
    here.say(found.document, facts, _takes(found))


@app.command()
def update(
    ctx: typer.Context,
    workflow: Which,
    path: Annotated[Path | None, typer.Argument(help="Its new specification: a folder, a zip, or a file.")] = None,
    name: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    version: Annotated[str | None, typer.Option(help="Its new version.")] = None,
    main: Annotated[str | None, typer.Option(help="The specification inside the folder, if it is not obvious.")] = None,
    inputs: Annotated[Path | None, typer.Option(help="Values that runs have if they give none.", exists=True)] = None,
    template: Template = None,
    model_run: Plan = None,
    no_model_run: Annotated[bool, typer.Option("--no-model-run", help="Its runs are no model runs any more.")] = False,
    _json: AsJson = False,
) -> None:
    """Change what is given of a workflow; what older runs used stays as it was."""
    here = desk(ctx)
    plan = _plan(template, model_run)
    client = here.client()
    found = client.workflow(workflow)
    changed = client.update_workflow(
        found.id,
        path=path,
        name=name,
        version=version,
        main=main,
        inputs=inputs,
        model_run=plan,
        clear_model_run=no_model_run,
    )
    here.say(changed.document, plain(f"Changed {changed.reference} ({changed.engine})."), _takes(changed))


@app.command()
def delete(ctx: typer.Context, workflow: Which, _json: AsJson = False) -> None:
    """Remove a workflow; its runs and their provenance stay."""
    here = desk(ctx)
    client = here.client()
    found = client.workflow(workflow)
    client.delete_workflow(found.id)
    here.say({"deleted": found.id}, plain(f"Removed {found.reference}. Its runs and their provenance stay."))


def _plan(template: str | None, file: Path | None) -> dict[str, Any] | None:
    told = read_values(file) if file else {}
    return told | ({"template": template} if template else {}) or None


def _takes(workflow: Workflow) -> RenderableType:
    if not workflow.parameters:
        return plain("")
    values = workflow.document.get("values") or {}
    table = listing("PARAMETER", "TYPE", "NEEDED", "DEFAULT")
    for item in workflow.parameters:
        default = values.get(item.name, "")
        table.add_row(cell(item.name), cell(item.type), "yes" if item.required and not default else "", cell(default))
    return table

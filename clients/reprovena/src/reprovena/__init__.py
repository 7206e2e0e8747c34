"""The Python client of Reprovena: workflows run, and their W3C PROV provenance is there without asking."""

from reprovena.aio.client import AsyncReprovena
from reprovena.compared import Difference, FileUse
from reprovena.errors import Damaged, FieldError, NotLoggedIn, ProblemError, ReprovenaError, Unreachable, WrongUse
from reprovena.graph import Lineage, Link, Node
from reprovena.inputs import Dataset, Inputs, RunOutput, UploadId, parse_value, read_values, with_local_files
from reprovena.issuer import DeviceCode
from reprovena.models import Job, Parameter, Upload, Workflow
from reprovena.records import Action, Applied, Diff
from reprovena.runs import File, Run, RunEvent, Started, Step
from reprovena.sync.client import Reprovena
from reprovena.tokens import Tokens

__all__ = [
    "Action",
    "Applied",
    "AsyncReprovena",
    "Damaged",
    "Dataset",
    "DeviceCode",
    "Diff",
    "Difference",
    "FieldError",
    "File",
    "FileUse",
    "Inputs",
    "Job",
    "Lineage",
    "Link",
    "Node",
    "NotLoggedIn",
    "Parameter",
    "ProblemError",
    "Reprovena",
    "ReprovenaError",
    "Run",
    "RunEvent",
    "RunOutput",
    "Started",
    "Step",
    "Tokens",
    "Unreachable",
    "Upload",
    "UploadId",
    "Workflow",
    "WrongUse",
    "parse_value",
    "read_values",
    "with_local_files",
]

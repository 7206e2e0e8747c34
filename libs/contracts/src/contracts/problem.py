"""One shape for everything that is refused or goes wrong (RFC 9457), and the list of its types."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

PREFIX = "urn:problem:"

#: Every problem type with its HTTP status and title; documentation and tests read this list.
TYPES: dict[str, tuple[int, str]] = {
    "gateway:bad-request": (400, "The request cannot be read"),
    "gateway:unauthenticated": (401, "No valid token"),
    "gateway:forbidden": (403, "Not allowed"),
    "gateway:not-found": (404, "No such thing, or not yours"),
    "gateway:method-not-allowed": (405, "This address does not take that method"),
    "gateway:conflict": (409, "The state of the thing forbids it"),
    "gateway:in-flight": (409, "A request with this key is still being answered"),
    "gateway:precondition-failed": (412, "It is not as the condition says"),
    "gateway:too-large": (413, "Larger than the limit"),
    "gateway:unsupported-media-type": (415, "That media type is not taken"),
    "gateway:not-acceptable": (406, "None of the accepted media types is offered"),
    "gateway:invalid": (422, "A field is not valid"),
    "gateway:key-reused": (422, "This key was used for another request"),
    "gateway:range-not-satisfiable": (416, "No such part of the file"),
    "gateway:not-yet": (501, "Not offered here"),
    "gateway:unavailable": (503, "Something needed is away; try again"),
    "gateway:bug": (500, "A fault of ours"),
    "registry:duplicate-workflow": (409, "Name and version are taken"),
    "registry:invalid-specification": (422, "The specification is not valid"),
    "registry:invalid-inputs": (422, "The input file is not valid"),
    "registry:unsupported-engine": (422, "No such workflow language"),
    "registry:being-checked": (409, "An earlier change is being checked"),
    "registry:changed-meanwhile": (409, "Somebody changed it meanwhile"),
    "registry:no-such-workflow": (404, "No such workflow, or not yours"),
    "registry:no-such-entry": (404, "No such entry"),
    "registry:wrong-kind": (400, "The entry is of another kind"),
    "registry:not-linked": (400, "The account is not linked to a person"),
    "registry:no-access": (403, "The entry does not allow it"),
    "registry:locked": (409, "The entry is locked"),
    "registry:not-locked": (409, "The entry is not locked"),
    "registry:reason-needed": (400, "A change needs a reason"),
    "registry:is-seed": (400, "The entry is a mere handle so far"),
    "registry:no-such-history": (400, "The history has no such place"),
    "registry:not-newest": (409, "Only the newest version gets a next one"),
    "registry:invalid-entry": (422, "What it says does not hold"),
    "registry:owner-changed": (400, "The owner stays"),
    "registry:unknown-role": (400, "No such role for this kind"),
    "registry:import-refused": (400, "The mode forbids this import"),
    "registry:no-such-group": (404, "No such group"),
    "registry:duplicate-group": (409, "There is such a group"),
    "registry:not-a-member": (404, "Not in the group"),
    "registry:already-member": (409, "In the group already"),
    "registry:no-such-person": (400, "No such person"),
    "registry:already-linked": (409, "The account is linked already"),
    "registry:not-owner": (403, "Somebody else's entry"),
    "registry:no-such-request": (404, "No such request"),
    "registry:nothing-asked": (400, "The request asks for nothing new"),
    "registry:already-asked": (409, "An earlier request waits for its answer"),
    "registry:invalid-model-run": (400, "What the model run says does not hold"),
    "registry:already-lodged": (409, "The run is a model run already"),
    "registry:overtaken": (409, "A later order came first"),
    "registry:no-such-run": (404, "No such finished run, or not yours"),
    "registry:no-plan": (409, "The workflow does not say which model runs its runs are"),
    "registry:no-data": (422, "The dataset has no file that a run could take"),
    "registry:already-in-study": (400, "The model run belongs to a study already"),
    "executor:no-such-run": (404, "No such run, or not yours"),
    "executor:no-such-step": (404, "No such step"),
    "executor:no-such-output": (404, "No such output"),
    "executor:unknown-parameter": (422, "The workflow has no such parameter"),
    "executor:missing-input": (422, "A needed input is missing"),
    "executor:placeholder-not-found": (404, "A placeholder of the workflow leads to no file"),
    "executor:outside-not-allowed": (422, "The platform does not fetch from there"),
    "executor:outside-not-found": (404, "There is nothing at that address"),
    "executor:outside-unsuitable": (422, "What is at that address cannot be taken"),
    "executor:bad-file-name": (422, "A file name is not allowed"),
    "executor:unsupported-engine": (422, "This runner does not take that workflow language"),
    "executor:no-reana-token": (403, "REANA needs a token of yours"),
    "executor:quota-exceeded": (403, "The quota on REANA is used up"),
    "executor:not-taken": (422, "REANA does not take the workflow"),
    "executor:wrong-status": (409, "The run's status forbids it"),
    "provenance:no-such-record": (404, "No such record, or not yours"),
    "provenance:no-such-node": (404, "No such node, or not yours"),
    "provenance:no-path": (404, "No path leads from one to the other"),
    "provenance:not-comparable": (422, "The runs are of different workflows"),
    "provenance:different-subtype": (409, "The id is known as something else"),
    "provenance:answer-too-large": (422, "The answer is larger than the limit"),
    "provenance:beyond-depth": (400, "So many links cannot be asked for"),
    "bus:too-large": (413, "A message is larger than the bus takes"),
    "bus:parked": (500, "A fault of ours stopped the work; it is kept for an operator"),
    "bus:forged": (403, "The caller of a command could not be proven"),
}


class FieldError(BaseModel):
    """What is wrong where: a field's path, or a line of a file."""

    model_config = ConfigDict(frozen=True)
    detail: str
    field: str | None = None
    file: str | None = None
    line: int | None = None


class Problem(BaseModel):
    """A problem detail (RFC 9457 §3) with the errors behind it and the job it ended."""

    model_config = ConfigDict(frozen=True)
    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: tuple[FieldError, ...] = ()
    job: UUID | None = None

    @classmethod
    def of(cls, kind: str, detail: str, **more: Any) -> "Problem":
        """A problem of a listed kind (`registry:duplicate-workflow`)."""
        status, title = TYPES[kind]
        return cls(type=PREFIX + kind, title=title, status=status, detail=detail, **more)

"""Things of every kind, registered at Provena's addresses over HTTP: what tests of runs, lineage and access begin with."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from contracts.kinds import KINDS, Kind

Json = dict[str, Any]
READY = 180.0
NEWEST = {"sort_by": {"sort_type": "CREATED_TIME", "ascending": False}}
APPROVALS = ("ethics_registration", "ethics_access", "indigenous_knowledge", "export_controls")
SITES = {"documentation_url": "https://example.org/d", "source_url": "https://example.org/s"}


@dataclass
class Things:
    """One of each kind, in the hands of whoever the client is logged in as."""

    http: httpx.Client
    word: str = field(default_factory=lambda: f"w{uuid4().hex[:10]}")
    ids: dict[Kind, str] = field(default_factory=dict)
    info: dict[Kind, Json] = field(default_factory=dict)
    session: str = ""
    """A job of theirs."""

    def told(self, method: str, path: str, **more: Any) -> Json:
        """What a request is told that succeeds."""
        answer = self.http.request(method, path, **more)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        found: Json = answer.json()
        assert found.get("status", {"success": True})["success"], (path, found)
        return found

    def at(self, kind: Kind, what: str) -> str:
        """The address of a kind's route."""
        return f"/registry/registry/{KINDS[kind].prefix}/{what}"

    def create(self, kind: Kind, info: Json) -> str:
        """Register something, and remember it as the one of its kind."""
        made = self.told("POST", self.at(kind, "create"), json=info)
        self.ids[kind], self.info[kind] = made["created_item"]["id"], info
        self.session = made["register_create_activity_session_id"] or self.session
        return self.ids[kind]

    def fetch(self, kind: Kind, handle: str) -> Json:
        """An item."""
        found: Json = self.told("GET", self.at(kind, "fetch"), params={"id": handle})["item"]
        return found

    def person(self, name: str) -> str:
        """Somebody, as a person."""
        who = {"display_name": name, "email": "x@example.org", "first_name": "x", "last_name": "y", "ethics_approved": True}
        return self.create(Kind.PERSON, who)

    def linked(self) -> "Things":
        """Be a person, as those who register things must."""
        person = self.http.get("/auth/link/user/lookup").json().get("person_id")
        if person is None:
            person = self.person(self.word)
            self.told("POST", "/auth/link/user/assign", json={"person_id": person})
        self.ids[Kind.PERSON] = person
        return self

    def fill(self) -> "Things":
        """All that a model run needs."""
        about = {"display_name": self.word}
        self.linked()
        self.create(Kind.ORGANISATION, {**about, "name": self.word})
        self.study()
        self.create(Kind.MODEL, {**about, "name": self.word, "description": "d", **SITES})
        self.create(Kind.DATASET_TEMPLATE, {**about, "description": "d"})
        templates = [{"template_id": self.ids[Kind.DATASET_TEMPLATE], "optional": False}]
        software = {"software_id": self.ids[Kind.MODEL], "input_templates": templates, "output_templates": templates}
        self.create(Kind.MODEL_RUN_WORKFLOW_TEMPLATE, {**about, **software})
        self.dataset()
        return self

    def study(self) -> str:
        """Another study."""
        return self.create(Kind.STUDY, {"display_name": self.word, "title": self.word, "description": "d"})

    def dataset(self) -> str:
        """Another dataset."""
        body = self.ids[Kind.ORGANISATION]
        about = {
            "name": self.word,
            "description": "d",
            "access_info": {"reposited": True},
            "publisher_id": body,
            "created_date": {"relevant": False},
            "published_date": {"relevant": False},
            "license": "https://creativecommons.org/licenses/by/4.0/",
        }
        approvals = {one: {"relevant": False, "obtained": False} for one in APPROVALS}
        info = {"associations": {"organisation_id": body}, "approvals": approvals, "dataset_info": about}
        handle: str = self.told("POST", "/datastore/register/mint-dataset", json=info)["handle"]
        self.ids[Kind.DATASET], self.info[Kind.DATASET] = handle, info
        return handle

    def record(self, inputs: Iterable[str] = (), outputs: Iterable[str] = (), **more: Any) -> Json:
        """What a model run says; from datasets into datasets, or from the one dataset into itself."""
        mine, template = (self.ids[Kind.DATASET],), self.ids[Kind.DATASET_TEMPLATE]

        def used(datasets: Iterable[str]) -> list[Json]:
            named = {"dataset_template_id": template, "dataset_type": "DATA_STORE"}
            return [{**named, "dataset_id": one} for one in tuple(datasets) or mine]

        people = {"modeller_id": self.ids[Kind.PERSON], "requesting_organisation_id": self.ids[Kind.ORGANISATION]}
        told = {"workflow_template_id": self.ids[Kind.MODEL_RUN_WORKFLOW_TEMPLATE], "associations": people}
        told |= {"inputs": used(inputs), "outputs": used(outputs), "annotations": {}}
        return {**told, "display_name": self.word, "description": "d", "start_time": 1, "end_time": 2, **more}

    def job(self, session: str, status: str = "SUCCEEDED") -> Json:
        """A job when it has come so far."""
        end = time.monotonic() + READY
        while time.monotonic() < end:
            found: Json = self.told("GET", "/jobs/jobs/user/fetch", params={"session_id": session})["job"]
            if found["status"] == status:
                return found
            assert found["status"] not in {"FAILED", "SUCCEEDED"}, found
            time.sleep(0.05)
        raise TimeoutError(session)

    def done(self, job: str) -> None:
        """Wait for a job of `/v1` to be done."""
        end = time.monotonic() + READY
        while time.monotonic() < end:
            found = self.http.get(f"/v1/jobs/{job}").raise_for_status().json()
            if found["status"] == "SUCCEEDED":
                return
            assert found["status"] != "FAILED", found
            time.sleep(0.05)
        raise TimeoutError(job)

    def run(self, record: Json) -> str:
        """Register a model run and wait until it is lodged; its handle."""
        told = self.told("POST", "/prov/model_run/register", json=record)
        handle: str = self.job(told["session_id"])["result"]["record"]["id"]
        self.ids[Kind.MODEL_RUN] = handle
        return handle

    def change(self, run: str, record: Json, reason: str = "a change") -> None:
        """Update a model run and wait until it is lodged."""
        body = {"model_run_id": run, "reason": reason, "record": record}
        self.job(self.told("POST", "/prov/model_run/update", json=body)["session_id"])

    def explore(self, query: str, start: str, depth: int = 10) -> Json:
        """A lineage: its nodes and links."""
        told = self.told("GET", f"/prov/explore/{query}", params={"starting_id": start, "depth": depth})
        graph: Json = told["graph"]
        return graph

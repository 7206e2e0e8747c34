"""What model runs need before they can be registered: people, a study, a model, templates, datasets."""

from dataclasses import dataclass, replace
from typing import Any

from contracts.ids import uuid7
from contracts.kinds import Kind
from contracts.message import FileRef
from contracts.model_runs import Association, DatasetType, ModelRunRecord, RegisterModelRun, TemplatedDataset
from contracts.provenance import RecordLodged
from registry.model_runs.handlers import mark_lodged

from .counter import Counter

KEYS = [{"key": key, "description": "d", "usage_type": "GENERAL_DATA", "optional": key == "notes"} for key in ("grid", "notes")]


@dataclass(frozen=True)
class Office:
    """Handles of all that a run names."""

    counter: Counter
    person: str
    body: str
    study: str
    model: str
    into: str
    optional: str
    out: str
    workflow: str
    wind: str
    waves: str

    @classmethod
    async def open(cls, counter: Counter) -> "Office":
        """Register everything."""
        person, body = await counter.link(), await counter.make(Kind.ORGANISATION)
        model = await counter.make(Kind.MODEL)
        into, optional, out = [await counter.make(Kind.DATASET_TEMPLATE, deferred_resources=keys) for keys in (KEYS, [], [])]
        told = {
            "software_id": model,
            "input_templates": [{"template_id": into}, {"template_id": optional, "optional": True}],
            "output_templates": [{"template_id": out}],
            "annotations": {"required": ["site"], "optional": ["mood"]},
        }
        return cls(
            counter,
            person,
            body,
            await counter.make(Kind.STUDY),
            model,
            into,
            optional,
            out,
            await counter.make(Kind.MODEL_RUN_WORKFLOW_TEMPLATE, **told),
            await counter.make_dataset(body, "Wind", place="wind"),
            await counter.make_dataset(body, "Waves", place="waves"),
        )

    def given(self, dataset: str, template: str, **resources: str) -> TemplatedDataset:
        """A dataset in its part."""
        return TemplatedDataset(
            dataset_id=dataset,
            dataset_template_id=template,
            dataset_type=DatasetType.DATA_STORE,
            resources=resources or None,
        )

    def record(self, **more: Any) -> ModelRunRecord:
        """A record in which everything holds, or what is given instead."""
        told = {
            "workflow_template_id": self.workflow,
            "inputs": (self.given(self.wind, self.into, grid="/g.nc"),),
            "outputs": (self.given(self.waves, self.out),),
            "annotations": {"site": "", "else": "x"},
            "display_name": "June",
            "description": "of storms",
            "associations": Association(modeller_id=self.person, requesting_organisation_id=self.body),
            "start_time": 5,
            "end_time": 6,
        }
        return ModelRunRecord(**told | more)

    async def run(self, **more: Any) -> str:
        """A registered run; its handle."""
        return (await self.counter.do(RegisterModelRun(record=self.record(**more)))).handle

    def of(self, counter: Counter) -> "Office":
        """The same for somebody else."""
        return replace(self, counter=counter)

    async def lodged(self, handle: str, revision: int, document: bytes = b'{"prefix":{}}', **more: Any) -> list[Any]:
        """What is said when provenance has said that a statement is in the graph."""
        file: FileRef = await self.counter.file(document)
        fact = RecordLodged(record=handle, revision=revision, document=file, tenant="~", job=more.get("job") or uuid7())
        async with self.counter.house.work() as unit:
            await mark_lodged(fact, unit)
            return [one.message for one in unit.said]

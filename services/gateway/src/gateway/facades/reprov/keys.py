"""ReProv's keys beside ours in a PROV-JSON document: nothing of ours is taken away, and the document stays valid. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.vocabulary import Subtype
from gateway.facades.reprov.printing import image_of, megabytes, reana_of
from gateway.facades.reprov.shapes import Execution

NAMESPACE = "https://reprov.2ai.nip.io/ns#"
NUMBERS = {"xsd:int": int, "xsd:long": int, "xsd:integer": int, "xsd:double": float, "xsd:float": float}
Element = dict[str, Any]
Document = dict[str, dict[str, Any]]
RUN, STEP, PLAN, ENGINE, FILE = (
    f"reprovena:{kind}" for kind in (Subtype.RUN, Subtype.STEP, Subtype.PLAN, Subtype.SOFTWARE, Subtype.FILE)
)


def with_keys(document: Mapping[str, Any], found: Execution, errors: Mapping[str, str]) -> Document:
    """The document with ReProv's namespace, its types, and its keys for what it knows of them."""
    told: Document = {section: dict(content) for section, content in document.items()}
    told["prefix"] = {**told.get("prefix", {}), "reprov": NAMESPACE}
    jobs = {one.step.place: one.step.backend_job for one in found.steps}
    results = {link["prov:entity"] for link in _records(told, "hadMember")}
    written = {link["prov:entity"]: link.get("prov:time") for link in _records(told, "wasGeneratedBy")}
    for section in ("activity", "entity", "agent"):
        for name, element in told.get(section, {}).items():
            kinds = _types(element)
            if RUN in kinds:
                more = _typed("workflow_execution", status=_plain(element.get("reprovena:status")))
            elif STEP in kinds:
                more = _typed("step_execution", **_step(element, errors, jobs))
            elif PLAN in kinds:
                more = _typed("workflow", path=found.run.workflow.main)
            elif ENGINE in kinds and "reprovena:runner" in element:
                more = _typed("ExecutionEnvironment", **_environment(found))
            elif FILE in kinds:
                size = _plain(element.get("reprovena:size"))
                path = _plain(element.get("reprovena:path"))
                more = _typed(_file_kind(name, results, written), path=path, size=size, lastModified=written.get(name))
            else:
                continue
            types = more.pop("prov:type")
            told[section][name] = {**element, **more, "prov:type": [*_values(element.get("prov:type")), types]}
    return told


def _step(element: Element, errors: Mapping[str, str], jobs: Mapping[str, str | None]) -> dict[str, Any]:
    cpu, memory = _plain(element.get("reprovena:cpuSeconds")), _plain(element.get("reprovena:peakMemory"))
    return {
        "status": _plain(element.get("reprovena:status")),
        "exitCode": _plain(element.get("reprovena:exitCode")),
        "command": _plain(element.get("reprovena:command")),
        "errorMessage": errors.get(str(element.get("reprovena:place"))),
        "cpuTimeSeconds": round(cpu, 3) if cpu is not None else None,
        "memoryPeakMB": megabytes(memory),
        "backendJobId": jobs.get(str(element.get("reprovena:place"))),
    }


def _environment(found: Execution) -> dict[str, Any]:
    env = found.run.environment
    server = reana_of(env) if env else None
    return {
        "reanaServer": server,
        "reanaWorkflowUrl": f"{server}/api/workflows/rp-{found.run.id}" if server else None,
        "computeBackend": env.runner if env and not server else None,
        "kubernetesMemoryLimit": env.memory_limit if env else None,
        "dockerImage": image_of([one.step for one in found.steps]),
    }


def _file_kind(name: str, results: set[str], written: Mapping[str, Any]) -> str:
    if name in results:
        return "workflow_final_result_file"
    return "workflow_intermediate_result_file" if name in written else "external_file"


def _typed(kind: str, **keys: Any) -> Element:
    """A type and keys of ReProv's; what is not known is left out."""
    known = {f"reprov:{name}": value for name, value in keys.items() if value is not None}
    return {"prov:type": {"$": f"reprov:{kind}", "type": "xsd:QName"}, **known}


def _records(document: Document, section: str) -> Iterator[Element]:
    """The records of a section; one name may have several."""
    for told in document.get(section, {}).values():
        yield from told if isinstance(told, list) else [told]


def _types(element: Element) -> set[str]:
    return {str(one["$"] if isinstance(one, dict) else one) for one in _values(element.get("prov:type"))}


def _values(said: Any) -> list[Any]:
    if said is None:
        return []
    return said if isinstance(said, list) else [said]


def _plain(value: Any) -> Any:
    """A value without its type, as ReProv writes values."""
    if isinstance(value, dict) and "$" in value:
        return NUMBERS.get(str(value.get("type")), str)(value["$"])
    return value

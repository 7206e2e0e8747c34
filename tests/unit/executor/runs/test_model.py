"""Steps as they are told again, and results that are given to their steps."""

from uuid import UUID

from contracts.executor import FileSeen, Step
from contracts.ids import NOWHERE, input_id, output_id
from contracts.vocabulary import StepStatus
from executor.runs.collector import from_outside
from executor.runs.model import credited, restated

RUN = UUID("01931f00-0000-7000-8000-000000000001")


def step(place: str, status: StepStatus = StepStatus.FINISHED, revision: int = 2, **more: object) -> Step:
    """A step."""
    return Step(run=RUN, place=place, name=place, status=status, revision=revision, **more)  # type: ignore[arg-type]


def result(place: str, path: str) -> FileSeen:
    """A stored result."""
    return FileSeen(id=output_id(RUN, place, path), path=path, size=1, sha256="a" * 64, stored="key")


def test_a_good_end_may_turn_out_bad_and_nothing_else_is_taken_back() -> None:
    """The engine's last word counts; whatever else comes after an end is late."""
    good, bad, going = step("a"), step("a", StepStatus.FAILED, reason="no output"), step("a", StepStatus.RUNNING)

    corrected = restated(good, bad)

    assert corrected is not None
    assert (corrected.status, corrected.revision, corrected.reason) == (StepStatus.FAILED, 3, "no output")
    assert restated(bad, good) is None
    assert restated(good, going) is None
    assert restated(good, step("a", reason="other")) is None


def test_a_result_is_given_to_the_step_that_its_id_names() -> None:
    """Once, with a revision of its own; inputs handed through and results of nobody in particular are given to none."""
    steps = {"a": step("a"), "b/c": step("b/c", generated=(result("b/c", "y"),))}
    outside = FileSeen(id=input_id(RUN, "in.txt"), path="in.txt")
    files = (result("a", "d/x"), result("a", "z"), result("b/c", "y"), result(NOWHERE, "w"), outside)

    (told,) = credited(steps, files)

    assert [file.id for file in told.generated] == [output_id(RUN, "a", "d/x"), output_id(RUN, "a", "z")]
    assert told.revision == 3
    assert {file.stored for file in told.generated} == {None}
    assert credited({"a": told}, files) == []


def test_a_results_bytes_are_compared_with_all_inputs_or_not_at_all() -> None:
    """An input whose bytes nobody knows leaves the question open; an empty file is from nowhere."""
    known, unknown = FileSeen(id="i", path="i", sha256="a" * 64), FileSeen(id="j", path="j")

    assert from_outside(result("a", "x"), [known]) is True
    assert from_outside(result("a", "x").model_copy(update={"size": 0}), [known]) is False
    assert from_outside(result("a", "x"), []) is False
    assert from_outside(result("a", "x"), [known, unknown]) is None

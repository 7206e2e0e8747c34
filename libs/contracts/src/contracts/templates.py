"""The parts of templates: the files that datasets of a sort hold, the templates and annotations that runs of a sort have."""

from collections import Counter
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, model_validator


class Usage(StrEnum):
    """What a resource of a dataset is for."""

    PARAMETER_FILE = "PARAMETER_FILE"
    CONFIG_FILE = "CONFIG_FILE"
    FORCING_DATA = "FORCING_DATA"
    GENERAL_DATA = "GENERAL_DATA"


class Resource(BaseModel):
    """A file of a dataset, as a template foresees it."""

    description: str
    usage_type: Usage
    optional: bool | None = None
    is_folder: bool | None = None
    additional_metadata: dict[str, str] | None = None


class DefinedResource(Resource):
    """One whose path is the same in every dataset."""

    path: str


class DeferredResource(Resource):
    """One whose path each dataset says."""

    key: str


class TemplateUse(BaseModel):
    """A dataset template that runs of a workflow template take or make."""

    template_id: str
    optional: bool | None = None


class Annotations(BaseModel):
    """Words that each run of a workflow template is described with."""

    required: list[str] = []
    optional: list[str] = []

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        differ([*self.required, *self.optional], "annotation", "key")
        return self


def differ(names: list[str], what: str, word: str) -> None:
    """Raise `ValueError` where a name stands twice."""
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        msg = f"every {what} has a {word} of its own; twice: {', '.join(twice)}"
        raise ValueError(msg)

"""A handle and its values. Pure."""

from enum import StrEnum

from pydantic import Field

from contracts.message import Part


class ValueType(StrEnum):
    """What a value is. The words are Provena's."""

    DESC = "DESC"
    URL = "URL"


class Value(Part):
    """A value of a handle, at a place that no other of its values has."""

    type: ValueType
    value: str
    index: int = Field(ge=1)


class Handle(Part):
    """A handle with its values in the order of their places."""

    id: str
    properties: tuple[Value, ...] = ()
    owner: str = Field(default="", exclude=True)
    """The account that minted it, which is nobody else's business."""

    @property
    def places(self) -> frozenset[int]:
        """Where it has values."""
        return frozenset(one.index for one in self.properties)

    def put(self, value: Value) -> "Handle":
        """The handle with a value more, or with another at its place."""
        others = [one for one in self.properties if one.index != value.index]
        return self.model_copy(update={"properties": tuple(sorted([*others, value], key=lambda one: one.index))})

    def without(self, index: int) -> "Handle":
        """The handle without the value at a place."""
        return self.model_copy(update={"properties": tuple(one for one in self.properties if one.index != index)})

    def value(self, index: int) -> Value | None:
        """The value at a place."""
        return next((one for one in self.properties if one.index == index), None)

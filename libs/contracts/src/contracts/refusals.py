"""Facts that every service says in its own name: a command refused, a delivery set aside."""

from typing import ClassVar
from uuid import UUID

from contracts.message import Event
from contracts.problem import Problem


class CommandRefused(Event):
    """The domain said no to a message; nothing of it was kept."""

    of: str
    """Subject of the refused message."""
    message: UUID
    problem: Problem


class DeliveryParked(Event):
    """A message failed too often and waits for an operator; its job has failed."""

    of: str
    message: UUID
    queue: str
    problem: Problem


class RegistryCommandRefused(CommandRefused):
    """The registry refused."""

    subject: ClassVar[str] = "registry.command-refused.v1"


class ExecutorCommandRefused(CommandRefused):
    """The executor refused."""

    subject: ClassVar[str] = "executor.command-refused.v1"


class ProvenanceCommandRefused(CommandRefused):
    """Provenance refused."""

    subject: ClassVar[str] = "provenance.command-refused.v1"


class GatewayCommandRefused(CommandRefused):
    """The gateway refused."""

    subject: ClassVar[str] = "gateway.command-refused.v1"


class RegistryDeliveryParked(DeliveryParked):
    """The registry set a delivery aside."""

    subject: ClassVar[str] = "registry.delivery-parked.v1"


class ExecutorDeliveryParked(DeliveryParked):
    """The executor set a delivery aside."""

    subject: ClassVar[str] = "executor.delivery-parked.v1"


class ProvenanceDeliveryParked(DeliveryParked):
    """Provenance set a delivery aside."""

    subject: ClassVar[str] = "provenance.delivery-parked.v1"


class GatewayDeliveryParked(DeliveryParked):
    """The gateway set a delivery aside."""

    subject: ClassVar[str] = "gateway.delivery-parked.v1"

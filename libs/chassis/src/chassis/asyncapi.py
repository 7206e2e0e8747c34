"""What a service hears and says, as an AsyncAPI 3 document; FastStream writes it from the same data that binds the queues."""

from typing import Any

from faststream.rabbit import RabbitBroker
from faststream.specification import AsyncAPI

from chassis.bus import names
from chassis.service import Handler, Service
from contracts.message import Message


def _hearing(handler: Handler, kind: type[Message]) -> Any:
    async def hear(message: Any) -> None: ...

    hear.__name__, hear.__doc__ = handler.__name__, handler.__doc__
    hear.__annotations__ = {"message": kind, "return": None}
    return hear


def broker(service: Service) -> RabbitBroker:
    """A broker that is never connected: the service's queues and what it says, described."""
    described = RabbitBroker("amqp://localhost", logger=None)
    for s in service.subscriptions:
        if not s.timer:
            queue = names.queue(service.queue(s), s.message.subject)
            described.subscriber(queue, names.exchange(), title=service.queue(s))(_hearing(s.handler, s.message))
    for said in dict.fromkeys((*service.says, service.refused, service.parked)):
        described.publisher(
            exchange=names.exchange(), routing_key=said.subject, title=said.subject, schema=said, description=said.__doc__
        )
    return described


def document(service: Service) -> dict[str, Any]:
    """The AsyncAPI 3 document of a service."""
    page = AsyncAPI(broker(service), title=f"Reprovena {service.name}", version="1", schema_version="3.0.0")
    jsonable: dict[str, Any] = page.to_specification().to_jsonable()
    return jsonable

"""What the exchanges and queues are called, and how they are made: the same in every process, since each makes all of them."""

from collections.abc import Iterable, Mapping

from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue

EXCHANGE, PARKING = "platform", "platform.parked"
POLICY = "reprovena-delivery-limit"


def relay_of(service: str) -> str:
    """Where a service puts what RabbitMQ is to have."""
    return f"{service}.relay"


def parked_of(service: str) -> str:
    """The queue of what RabbitMQ gives up on, for its owner."""
    return f"{service}.parked"


def services_of(queues: Iterable[str]) -> list[str]:
    """The consumers of queues."""
    return sorted({queue.partition(".")[0] for queue in queues})


def pattern(queues: Iterable[str]) -> str:
    """What matches the queues of all consumers, but not those of what RabbitMQ gave up on."""
    return rf"^({'|'.join(services_of(queues))})\.(?!parked$)"


def exchange() -> RabbitExchange:
    """Everything said goes there; its subject is the routing key."""
    return RabbitExchange(EXCHANGE, type=ExchangeType.TOPIC, durable=True)


def parking() -> RabbitExchange:
    """What RabbitMQ gives up on goes there, under the name of its queue."""
    return RabbitExchange(PARKING, type=ExchangeType.TOPIC, durable=True)


def queue(name: str, subject: str) -> RabbitQueue:
    """A consumer's queue. Arguments can never be changed, so numbers (the delivery limit) are left to a policy."""
    return RabbitQueue(
        name,
        queue_type=QueueType.QUORUM,
        durable=True,
        routing_key=subject,
        arguments={
            "x-dead-letter-exchange": PARKING,
            "x-dead-letter-routing-key": name,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def parked_queue(service: str) -> RabbitQueue:
    """The queue of what RabbitMQ gives up on."""
    return RabbitQueue(parked_of(service), queue_type=QueueType.QUORUM, durable=True, routing_key=f"{service}.#")


async def declare(broker: RabbitBroker, queues: Mapping[str, str]) -> None:
    """Make whatever is not there yet; a queue that is there with other arguments is an error that names it."""
    platform, parked = await broker.declare_exchange(exchange()), await broker.declare_exchange(parking())
    for service in services_of(queues):
        made = await broker.declare_queue(parked_queue(service))
        await made.bind(parked, routing_key=f"{service}.#")
    for name, subject in queues.items():
        made = await broker.declare_queue(queue(name, subject))
        await made.bind(platform, routing_key=subject)

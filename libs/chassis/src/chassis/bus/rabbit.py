"""RabbitMQ carries: one quorum queue for each consumer and handler, heard through one ear; what is said leaves by the relay."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from aio_pika.abc import AbstractIncomingMessage
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.message import RabbitMessage
from faststream.rabbit.subscriber.usecase import RabbitSubscriber

from chassis import logs
from chassis.bus import names
from chassis.bus.ear import Ear, Heard
from chassis.bus.letters import letter_of
from chassis.bus.management import Management, policies
from chassis.bus.outbox import Destinations
from chassis.bus.parked import FORGED, UNREADABLE
from chassis.bus.postgres import Carrier as OwnCarrier
from chassis.bus.receipts import Desk
from chassis.bus.relay import Relay
from chassis.bus.topology import Bound, Carrier
from chassis.refusal import Forged, refuse
from chassis.service import Service, Subscription
from chassis.trouble import pause
from contracts.message import LIMIT, Message

if TYPE_CHECKING:
    from chassis.house import House

log = logging.getLogger(__name__)

RECONNECT = 1.0
Taking = Callable[[AbstractIncomingMessage], Coroutine[Any, Any, None]]


class RabbitCarrier:
    """A service's connection to RabbitMQ: `run` until it is told to stop."""

    def __init__(self, house: "House[Any]", url: str, queues: Mapping[str, str]) -> None:
        self.house = house
        self.heard: dict[str, Subscription] = {house.service.queue(s): s for s in house.service.subscriptions if not s.timer}
        self.ear = Ear(house)
        self._desk = Desk()
        self._url = url
        self._queues = queues
        self._broker: RabbitBroker | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Connect, make the topology, hear and say; begin again where that fails. Reconnecting is the client's business."""
        logs.within(service=self.house.service.name)
        while not stopping.is_set():
            try:
                async with self._connected() as broker:
                    connection = await broker.connect()
                    account = unquote(urlsplit(self._url).username or "guest")
                    await Relay(self.house, connection, account, frozenset(self._queues.values())).run(stopping)
            except Exception as error:
                log.log(logging.WARNING, "the bus is away", exc_info=error)
                await asyncio.sleep(pause(RECONNECT, 0, RECONNECT))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[RabbitBroker]:
        within = self.house.settings.stop_within
        broker = RabbitBroker(
            self._url,
            default_channel=Channel(prefetch_count=self.house.settings.bus_prefetch),
            reconnect_interval=RECONNECT,
            graceful_timeout=1.0,
            app_id=self.house.service.name,
            on_close=[self._lost],
            on_reconnected=[self._back],
            apply_types=False,
            logger=None,
        )
        try:
            await broker.connect()
            await names.declare(broker, self._queues)
            self._subscribe(broker)
            await broker.start()
            self._broker = broker
            yield broker
        finally:
            self._broker = None
            await self._hear_no_more(broker)
            await self.ear.idle(within * 0.8)
            await broker.stop()

    def _lost(self, _connection: object, error: BaseException | None) -> None:
        if error is not None:
            log.warning("the bus is away", extra={"error": repr(error)})

    def _back(self, _connection: object) -> None:
        log.info("the bus is back")

    def _subscribe(self, broker: RabbitBroker) -> None:
        for name, s in self.heard.items():
            queue = names.queue(name, s.message.subject)
            self._listen(broker, queue, names.exchange(), self._hearing(name, s))
        self._listen(broker, names.parked_queue(self.house.service.name), names.parking(), self._take_parked)

    def _listen(self, broker: RabbitBroker, queue: RabbitQueue, exchange: RabbitExchange, take: Taking) -> None:
        """Take each message with `take`; RabbitMQ forgets it afterwards, and brings it again if that fails."""

        async def hear(told: RabbitMessage) -> None:
            raw: AbstractIncomingMessage = told.raw_message
            channel = raw.channel
            try:
                await take(raw)
            except Exception:
                log.exception("given back", extra={"queue": queue.name})
                await self._desk.give_back(channel, raw)
            else:
                self._desk.done(channel, raw)

        hear.__name__, hear.__doc__ = take.__name__, take.__doc__
        ear = broker.subscriber(queue, exchange, ack_policy=AckPolicy.MANUAL, no_reply=True, decoder=_as_is)
        ear.running = True  # FastStream says so after it began to consume, and until then passes over what comes
        ear(hear)

    async def _hear_no_more(self, broker: RabbitBroker) -> None:
        """Cancel the consumers first, so that what is in hand is all there is."""
        for subscriber in broker.subscribers:
            if not isinstance(subscriber, RabbitSubscriber):
                continue
            queue, tag = subscriber._queue_obj, subscriber._consumer_tag  # noqa: SLF001 - its own `stop` waits before it cancels
            if queue is not None and tag is not None and not queue.channel.is_closed:
                try:
                    await asyncio.wait_for(queue.cancel(tag), 2)
                except Exception as error:
                    log.warning("cannot cancel", extra={"error": repr(error)})
                subscriber._consumer_tag = None  # noqa: SLF001

    def _hearing(self, name: str, s: Subscription) -> Taking:
        async def hear(raw: AbstractIncomingMessage) -> None:
            message: Message | None = None
            sender = raw.user_id or ""
            try:
                message = _read(s, raw.body)
                believed = self.house.senders.believe(message, sender)
            except ValueError as error:
                log.warning("parked, cannot be read", extra={"queue": name, "sender": sender})
                await self.ear.set_aside(letter_of(name, raw), None, UNREADABLE, str(error))
                return
            except Forged as error:
                log.warning("parked, forged", extra={"queue": name, "sender": sender, "error": str(error)})
                known = message if self.house.senders.ours(sender) else None
                await self.ear.set_aside(letter_of(name, raw), known, FORGED, str(error))
                return
            letter = letter_of(name, raw, believed.id)
            told_count = raw.headers.get("x-delivery-count")
            returns = told_count if isinstance(told_count, int) else 0
            heard = Heard(name, believed, s.handler, again=raw.redelivered or returns > 0, letter=letter, returns=returns)
            heard.context.run(self.house.telemetry.attach, letter.headers)
            await self.ear.hear(heard)

        hear.__name__, hear.__doc__ = s.handler.__name__, s.handler.__doc__
        return hear

    async def _take_parked(self, raw: AbstractIncomingMessage) -> None:
        """What RabbitMQ gave up on becomes a row of ours, and its job is settled."""
        name = raw.routing_key or ""
        s, message = self.heard.get(name), None
        try:
            message = _read(s, raw.body) if s else None
            known = self.house.senders.believe(message, raw.user_id or "") if message else None
        except (ValueError, Forged):
            known = None
        deaths = raw.headers.get("x-death")
        why = str(deaths[0].get("reason")) if isinstance(deaths, list) and deaths and isinstance(deaths[0], dict) else "unknown"
        log.error("parked by RabbitMQ", extra={"queue": name, "reason": why})
        letter = letter_of(name, raw, known.id if known else None)
        if s is not None:  # RabbitMQ brings it under the name of its queue
            letter = replace(letter, subject=s.message.subject)
        await self.ear.set_aside(letter, known, f"RabbitMQ: {why}", json.dumps(deaths, default=str))

    async def ping(self) -> None:
        """Raise if there is no connection."""
        if self._broker is None or not await self._broker.ping(timeout=1.0):
            msg = "no connection to RabbitMQ"
            raise ConnectionError(msg)

    async def topology(self) -> list[Bound]:
        """The queues that are bound, as the management interface tells."""
        url = self.house.settings.bus_management_url
        if url is None:
            raise refuse(
                "gateway:not-yet", "RabbitMQ tells its queues by its management interface only: set BUS_MANAGEMENT_URL"
            )
        return await Management(url, vhost_of(self._url)).bound()


class Rabbit:
    """The bus of a process that reaches the other services through RabbitMQ."""

    def __init__(self, url: str, queues: Mapping[str, str]) -> None:
        self._url = url
        self._queues = queues

    def destinations(self, service: Service) -> Destinations:
        """The relay; timers stay in the service's own database."""
        timers = {s.message: (service.queue(s),) for s in service.subscriptions if s.timer}
        relay = (names.relay_of(service.name),)
        return lambda kind: timers.get(kind, relay)

    def carriers(self, house: "House[Any]") -> tuple[Carrier, ...]:
        """RabbitMQ, and the database for timers and for what comes back later."""
        return (RabbitCarrier(house, self._url, self._queues), OwnCarrier(house))

    async def make(self, management: str | None, delivery_limit: int) -> list[str]:
        """Make exchanges and queues, and set the delivery limit where the management interface is known."""
        broker = RabbitBroker(self._url, logger=None)
        try:
            await broker.connect()
            await names.declare(broker, self._queues)
        finally:
            await broker.stop()
        done = [f"{len(self._queues)} queues are there"]
        vhost, limits = vhost_of(self._url), policies(self._queues, delivery_limit)
        if management is None:
            lines = [policy.command(vhost) for policy in limits]
            return [*done, "BUS_MANAGEMENT_URL is not set; set the delivery limits by:", *lines]
        await Management(management, vhost).limit_deliveries(limits)
        return [*done, f"the delivery limit is {delivery_limit}"]


def vhost_of(url: str) -> str:
    """The virtual host of an address."""
    return unquote(urlsplit(url).path.removeprefix("/")) or "/"


async def _as_is(message: RabbitMessage) -> RabbitMessage:
    """The message whole: reading it is our business, with the sender beside it."""
    return message


def _read(s: Subscription, body: bytes) -> Message:
    if len(body) > LIMIT:
        msg = f"{len(body)} bytes, the limit is {LIMIT}"
        raise ValueError(msg)
    message = s.message.model_validate_json(body)
    if "id" not in message.model_fields_set:
        msg = "it has no id"
        raise ValueError(msg)
    return message

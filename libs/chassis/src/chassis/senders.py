"""Whose word a message is: the gateway's signature, or the account that RabbitMQ proved for whoever sent it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chassis.callers import Callers
from chassis.refusal import Forged
from contracts.catalog import CATALOG
from contracts.message import Caller, Command, Message

SERVICES = frozenset(subject.partition(".")[0] for subject in CATALOG)
ANY = "*"


@dataclass(frozen=True)
class Senders:
    """Believes messages, or not. A sender of None is this service's own database, which only its own transactions write."""

    callers: Callers
    accounts: Mapping[str, str] = field(default_factory=dict)
    """RabbitMQ accounts by service."""
    foreigners: Mapping[str, Caller] = field(default_factory=dict)
    """As whom the accounts outside the platform act."""

    def account(self, service: str) -> str:
        """The RabbitMQ account that speaks for a service."""
        return self.accounts.get(service) or self.accounts.get(ANY) or service

    def ours(self, sender: str | None) -> bool:
        """Whether a message came from one of our services, whatever it says."""
        return sender is None or sender in {self.account(service) for service in SERVICES}

    def believe(self, message: Message, sender: str | None) -> Message:
        """The message as it is to be taken, in its proven caller's name; `Forged` if nobody stands for it."""
        if isinstance(message, Command):
            if message.proof is None and sender is not None and (account := self.foreigners.get(sender)) is not None:
                return message.model_copy(update={"caller": account})
            self.callers.prove(message)
        elif sender is not None and sender != self.account(speaker := message.subject.partition(".")[0]):
            msg = f"{message.subject} {message.id} came from {sender or 'nobody'}, who does not speak for the {speaker}"
            raise Forged(msg)
        return message

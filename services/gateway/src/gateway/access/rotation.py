"""An operator's order to the issuer of our own: sign with a new key. Running processes see it at once."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from chassis.running import Order
from gateway.access.opening import keyring

if TYPE_CHECKING:
    from gateway.unit import GatewaySettings


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--withdraw", action="store_true", help="end the tokens of all older keys now")


async def _rotate(settings: "GatewaySettings", told: argparse.Namespace) -> None:
    ring = keyring(settings)
    if not ring.path.exists():
        msg = f"{ring.path} is not there: the platform has not been started yet"
        raise ValueError(msg)
    key = await asyncio.to_thread(lambda: ring.rotate(withdraw=told.withdraw))
    sys.stdout.write(f"{key.kid} signs now; {len(ring.known()) - 1} older keys are still known\n")


ROTATE_KEY = Order("rotate-signing-key", "sign tokens of the embedded issuer with a new key", _rotate, _add)

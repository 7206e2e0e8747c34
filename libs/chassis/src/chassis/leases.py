"""Keeping a lease while something slow goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def held(renew: Callable[[], Awaitable[object]], seconds: float) -> AsyncIterator[None]:
    """Renew a lease of so many seconds three times in its life, as long as the block goes on."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(seconds / 3)
            with suppress(Exception):  # the next beat may reach the database again; if none does, the lease runs out
                await renew()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)

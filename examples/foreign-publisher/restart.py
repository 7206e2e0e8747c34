"""Run a run again by a message, and read what happens to it. Needs aio-pika and nothing of Reprovena.

    pip install aio-pika
    python restart.py amqp://lab:password@rabbit.example.org/ <id of a run that has ended>

What to send and what comes back is on the AsyncAPI pages of the services (`GET /asyncapi.json`).
"""

import argparse
import asyncio
import json
import uuid
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import aio_pika

COMMAND = "executor.restart-run.v1"
LAST = {"provenance.run-captured.v1", "executor.command-refused.v1", "executor.delivery-parked.v1"}
FACTS = {
    "executor.run-queued.v1",
    "executor.run-started.v1",
    "executor.step-started.v1",
    "executor.step-ended.v1",
    "executor.run-finished.v1",
    "executor.run-failed.v1",
    "executor.run-stopped.v1",
    *LAST,
}


async def restart(url: str, run: str) -> None:
    """Publish the command and print every fact of its job, one line of JSON each."""
    account = unquote(urlsplit(url).username or "guest")
    job = str(uuid.uuid4())
    command = {
        "id": str(uuid.uuid4()),  # a message that arrives twice is known by it
        "at": datetime.now(UTC).isoformat(),
        "job": job,  # whatever comes of the command carries it
        "run": str(uuid.uuid4()),  # the new run
        "of": run,
    }
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel(on_return_raises=True)
        platform = await channel.get_exchange("platform")
        queue = await channel.declare_queue(exclusive=True)
        for subject in FACTS:
            await queue.bind(platform, subject)
        message = aio_pika.Message(
            json.dumps(command).encode(),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=command["id"],
            user_id=account,  # RabbitMQ holds this to be true, and Reprovena knows as whom it acts
        )
        await platform.publish(message, COMMAND, mandatory=True)
        async with queue.iterator(no_ack=True) as facts:
            async for fact in facts:
                told = json.loads(fact.body)
                if told.get("job") == job:
                    seen = {"subject": fact.routing_key, "job": job, "run": command["run"], "problem": told.get("problem")}
                    print(json.dumps(seen), flush=True)
                    if fact.routing_key in LAST:
                        return


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("run")
    told = parser.parse_args()
    asyncio.run(asyncio.wait_for(restart(told.url, told.run), 300))

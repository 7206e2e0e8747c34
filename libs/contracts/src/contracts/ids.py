"""Identities: of messages and jobs (uuid7), of registered things (handles), of what a run saw and made."""

import os
import time
from typing import NewType
from uuid import UUID

Handle = NewType("Handle", str)
RecordId = NewType("RecordId", str)


def uuid7() -> UUID:
    """A new UUID of version 7 (RFC 9562 §5.7): ordered by its millisecond, random otherwise."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    return UUID(int=value & ~(0b11 << 62) | 0b10 << 62)


def run_id(run: UUID) -> RecordId:
    """The node and the record of a run: `run/<run>`."""
    return RecordId(f"run/{run}")


def step_id(run: UUID, place: str) -> RecordId:
    """The node and the record of a step: `run/<run>/step/<place>`, a place being `train[1]/fit`."""
    return RecordId(f"run/{run}/step/{place}")


def input_id(run: UUID, name: str) -> str:
    """A file as it came into a run from outside."""
    return f"run/{run}/in/{name}"


def output_id(run: UUID, place: str, path: str) -> str:
    """A file as a step wrote it; scattered steps write the same names, so the place is part of it."""
    return f"run/{run}/out/{place}/{path}"


def dataset_record(run: UUID, dataset: str) -> RecordId:
    """The record that says which outputs of a run a dataset holds."""
    return RecordId(f"run/{run}/dataset/{dataset}")


NOWHERE = "~"
"""In the place of a place: a file that some step of the run wrote, nobody knows which."""


def content_id(sha256: str) -> str:
    """What a file is made of, wherever it lies."""
    return f"sha256:{sha256}"


def resource_id(url: str) -> str:
    """What lies at an address of the web, whatever its bytes are at the moment."""
    return f"web/{url}"


def user_id(issuer: str, subject: str) -> str:
    """An account that acts: its issuer's URL and the issuer's name for it."""
    return f"user/{issuer}/{subject}"


def plan_id(workflow: str, sha256: str) -> str:
    """A workflow as it was when a run used it: its handle and the digest of its packed specification."""
    return f"plan/{workflow}/{sha256}"

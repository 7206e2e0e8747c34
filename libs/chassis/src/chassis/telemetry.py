"""OpenTelemetry traces and Prometheus figures, switched on by settings; without them this costs nothing."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from contracts.message import Message


class Telemetry:
    """What a process measures of itself. Labels are names of ours, never ids."""

    def __init__(self, service: str, otlp_endpoint: str | None = None) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter("deliveries_total", "Deliveries handled", ["consumer"], registry=self.registry)
        self.seconds = Histogram("delivery_seconds", "Seconds in a handler", ["consumer"], registry=self.registry)
        self.requests = Histogram(
            "request_seconds", "Seconds to an answer", ["method", "route", "status"], registry=self.registry
        )
        self.outbox = Gauge("outbox_rows", "Messages that wait", registry=self.registry)
        self.outbox_age = Gauge("outbox_oldest_seconds", "Age of the oldest message that is due", registry=self.registry)
        self.parked = Gauge("parked_rows", "Messages set aside", registry=self.registry)
        self._otel = _OpenTelemetry(service, otlp_endpoint) if otlp_endpoint else None

    def exposition(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)

    def headers(self) -> dict[str, str]:
        """The present trace, to travel with a message."""
        return self._otel.inject() if self._otel else {}

    def attach(self, headers: Mapping[str, str]) -> None:
        """Go on with the trace that a message brought."""
        if self._otel:
            self._otel.attach(headers)

    def web(self, app: Any) -> None:
        """Trace every request of a web application."""
        if self._otel:
            self._otel.web(app)

    def close(self) -> None:
        """Send what is not yet sent."""
        if self._otel:
            self._otel.provider.shutdown()

    @contextmanager
    def delivery(self, consumer: str, message: Message) -> Iterator[None]:
        """Measure a handler."""
        self.deliveries.labels(consumer).inc()
        with self.seconds.labels(consumer).time():
            if self._otel is None:
                yield
            else:
                with self._otel.span(consumer, message):
                    yield


class _OpenTelemetry:
    """The optional half (`pip install reprovena-chassis[otel]`), imported by name because it may not be there."""

    def __init__(self, service: str, endpoint: str) -> None:
        try:
            sdk = importlib.import_module("opentelemetry.sdk.trace")
        except ModuleNotFoundError as error:
            msg = "OTLP_ENDPOINT needs what `reprovena-chassis[otel]` brings; install it, or leave the setting out"
            raise ValueError(msg) from error
        exports = importlib.import_module("opentelemetry.sdk.trace.export")
        otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        resources = importlib.import_module("opentelemetry.sdk.resources")
        self._context = importlib.import_module("opentelemetry.context")
        self._propagate = importlib.import_module("opentelemetry.propagate")
        self.provider = sdk.TracerProvider(resource=resources.Resource.create({"service.name": f"reprovena-{service}"}))
        self.provider.add_span_processor(exports.BatchSpanProcessor(otlp.OTLPSpanExporter(endpoint=endpoint)))
        self.tracer = self.provider.get_tracer("reprovena")

    def inject(self) -> dict[str, str]:
        carrier: dict[str, str] = {}
        self._propagate.inject(carrier)
        return carrier

    def attach(self, headers: Mapping[str, str]) -> None:
        self._context.attach(self._propagate.extract(dict(headers)))

    def web(self, app: Any) -> None:
        fastapi = importlib.import_module("opentelemetry.instrumentation.fastapi")
        fastapi.FastAPIInstrumentor.instrument_app(app, tracer_provider=self.provider)

    def span(self, consumer: str, message: Message) -> Any:
        attributes = {"messaging.destination.name": message.subject, "messaging.message.id": str(message.id)}
        return self.tracer.start_as_current_span(consumer, attributes=attributes)

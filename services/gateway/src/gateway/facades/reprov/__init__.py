"""ReProv: `/workflow_registry`, `/workflow_execution`, `/provenance`."""

from gateway.facades.reprov import provenance, workflow_execution, workflow_registry

ROUTERS = (workflow_registry.router, workflow_execution.router, provenance.router)

"""What schemathesis is told of this API beside its description; it loads this file by `SCHEMATHESIS_HOOKS`."""

import json
import re
from typing import Any

import schemathesis
from schemathesis.specs.openapi.checks import ensure_resource_availability, positive_data_acceptance

LOCATED = re.compile(r"(body|query|path|header|cookie)(\.|$)")
"""How a field is named that the schema speaks of; what the domain refuses names fields without."""


@schemathesis.check
def schema_valid_data_acceptance(ctx: Any, response: Any, case: Any) -> bool | None:
    """What fits the schema is not refused by the schema's own rules.

    The domain may refuse it: a schema does not know which cursor a list has given, which key was used before, or which
    values a workflow takes.
    """
    return (
        None
        if 400 <= response.status_code < 500 and _by_the_domain(response)
        else positive_data_acceptance(ctx, response, case)
    )


@schemathesis.check
def made_resource_availability(ctx: Any, response: Any, case: Any) -> bool | None:
    """What was made is there; another one, which these tests name wherever something is only looked at, may be gone."""
    parent = ctx.internals.find_parent(case_id=case.id)
    made = ctx.internals.find_response(case_id=parent.id) if parent is not None else None
    if made is None:
        return None
    before = parent.path_parameters or {}
    named = [str(value) for name, value in (case.path_parameters or {}).items() if name not in before]
    return ensure_resource_availability(ctx, response, case) if all(one.encode() in made.content for one in named) else None


def _by_the_domain(response: Any) -> bool:
    if "text/html" in str(response.headers.get("content-type")):
        return True  # a page that tells people what is wrong
    try:
        told = json.loads(response.content)
    except ValueError:
        return False
    if not isinstance(told, dict):
        return False
    if "problem+json" in str(response.headers.get("content-type")):
        # beyond a schema, too: that a text deep inside a value must be storable, and that one field is not after another
        beyond = ("cannot be kept", "is after end_time")
        errors = [error for error in told.get("errors", []) if not any(words in error["detail"] for words in beyond)]
        fields = [str(error.get("field") or "") for error in errors]
        return not any(LOCATED.match(field) for field in fields) and told["type"] != "urn:problem:gateway:bad-request"
    # the envelope of ReProv, and OAuth's own words (RFC 6749 §5.2)
    return "error_code" in told or "error" in told

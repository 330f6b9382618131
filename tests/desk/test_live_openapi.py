"""The live part does what its OpenAPI document says, to whoever is signed in and to nobody."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from live_records import action, escalation, nudge, signal
from live_support import KIM, SIGNIN, TOM, LiveDesk
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

desk = LiveDesk()
desk.take(signal(), nudge(), escalation(), action())
# a stream never ends by itself
schema = schemathesis.openapi.from_asgi("/openapi.json", desk.app).exclude(path_regex="stream$")

THERE = {"nudge_id": "nudge_1", "escalation_id": "escalation_1", "action_id": "action_1"}


@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
def test_the_live_api_does_what_its_document_says(case: schemathesis.Case[Any]) -> None:
    for name in case.path_parameters:
        if len(str(case.path_parameters[name])) % 2 and name in THERE:
            case.path_parameters[name] = THERE[name]
    signed_in = desk.bearer(TOM if "nudges" in case.path else KIM)
    if case.path == "/v1/tokens":
        signed_in = {"Authorization": f"Bearer {SIGNIN}"}
    for headers in (signed_in, {}):
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)

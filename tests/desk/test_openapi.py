"""schemathesis asks everything that the OpenAPI document allows, and much that it does not."""

from __future__ import annotations

from typing import Any

import schemathesis
from desk_support import TOKEN, Desk
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]

AND_OF_OURS: list[Any] = [negative_data_rejection, positive_data_acceptance]
"""Our own format takes what its schema says, no less and no more; a vendor's stands in no schema here."""

desk = Desk(body_max=1024 * 1024, secrets={"deepgram": TOKEN, "intercom": TOKEN, "email": TOKEN})
schema = schemathesis.openapi.from_asgi("/openapi.json", desk.app)


@schemathesis.serializer("message/rfc822")
def _mail(_: object, value: object) -> bytes:
    return str(value).encode("utf-8", "replace")


@schema.parametrize()
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
def test_the_api_does_what_its_document_says(case: schemathesis.Case[Any]) -> None:
    if "endpoint" in case.path_parameters and len(case.path_parameters["endpoint"]) % 2:
        case.path_parameters["endpoint"] = "deepgram"
    response = case.call(headers={"Authorization": f"Bearer {TOKEN}"})
    ours = AND_OF_OURS if case.path == "/v1/fragments" else []
    case.validate_response(response, checks=CHECKS + ours)


def test_nothing_gets_in_without_a_token() -> None:
    for operation in schema.get_all_operations():
        found: Any = operation.ok()  # type: ignore[union-attr]
        if found.method.upper() != "POST":
            continue
        case = found.Case(body={"schema": "cx.fragment.v1"}, media_type="application/json",
                          path_parameters={"endpoint": "deepgram"} if "{" in found.path else {})  # fmt: skip
        assert case.call().status_code == 401, found.path

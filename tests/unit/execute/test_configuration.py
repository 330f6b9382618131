"""The description of a back office: what holds becomes calls, what does not is told with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from cxstream.errors import DeliveryError, SettingsError
from cxstream.events import Action, RuleRef, Why, from_ms
from cxstream.execute.configuration import load_plans
from cxstream.execute.plan import Plan, facts_of

ROOT = Path(__file__).resolve().parents[3]
ENVIRON = {"CRM_URL": "http://crm.test/api/"}
SECRETS = {"crm": ("s3cret", "older"), "hook": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)}
OPENAPI = {
    "openapi": "3.1.0",
    "paths": {
        "/customers/{customerId}/refunds": {
            "parameters": [{"name": "customerId", "in": "path", "required": True}],
            "post": {
                "operationId": "refund",
                "parameters": [
                    {"name": "dryRun", "in": "query"},
                    {"name": "Idempotency-Key", "in": "header", "required": True},
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/R"}}}
                },
            },
        }
    },
    "components": {
        "schemas": {
            "R": {"required": ["amount"], "properties": {"amount": {}, "why": {}, "urgent": {}}}
        }
    },
}


def load(folder: Path, calls: str, *, service: str = "") -> dict[str, Plan]:
    (folder / "crm.json").write_text(json.dumps(OPENAPI))
    path = folder / "executor.yaml"
    path.write_text(
        "services:\n  crm:\n    url: ${CRM_URL}\n    openapi: crm.json\n"
        f"    auth: {{bearer: crm}}\n{service}"
        f"actions:\n  refund:\n    calls:\n      - {calls}\n"
    )
    return load_plans(path, secret_of=lambda name: SECRETS.get(name, ()), environ=ENVIRON)


def action(**parameters: str) -> Action:
    return Action(
        id="act_1",
        conversation_id="acme:c-1",
        action="refund",
        event_time=from_ms(0),
        expires_at=from_ms(60_000),
        why=Why(rule=RuleRef("r", "p", "1"), because="charged twice"),
        parameters=parameters,
        customer_id="c/../1 ä",
    )


WHOLE = (
    'operation: crm.refund\n        parameters: {customerId: "{customer_id}", dryRun: "no"}\n'
    '        body: {amount: "{parameters.amount|number}", why: "for {because}", urgent: true}'
)


def test_an_operation_becomes_a_call(tmp_path: Path) -> None:
    (step,) = load(tmp_path, WHOLE)["refund"].steps
    given = action(amount="12.50")
    call = step.request.call(given, facts_of(given), "act_1")
    assert call.method == "POST"
    assert call.url == "http://crm.test/api/customers/c%2F..%2F1%20%C3%A4/refunds?dryRun=no"
    assert json.loads(call.body) == {"amount": 12.5, "why": "for charged twice", "urgent": True}
    assert call.headers["Idempotency-Key"] == "act_1"
    assert call.headers["Authorization"] == "Bearer s3cret", "the newest"
    assert "s3cret" not in repr(step.request)


@pytest.mark.parametrize(
    ("amount", "reason"), [({}, "missing_value"), ({"amount": "much"}, "wrong_value")]
)
def test_what_an_action_lacks_is_named(tmp_path: Path, amount: dict[str, str], reason: str) -> None:
    (step,) = load(tmp_path, WHOLE)["refund"].steps
    given = action(**amount)
    with pytest.raises(DeliveryError, match=r"parameters\.amount") as caught:
        step.request.call(given, facts_of(given), "act_1")
    assert caught.value.reason == reason and caught.value.sure


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ("operation: crm.refunds", r"no operation 'refunds'; it has refund"),
        ("operation: bank.refund", r"no service 'bank'"),
        ("operation: crm.refund", r"parameters: the operation needs customerId"),
        (
            'operation: crm.refund\n        parameters: {customerId: "1"}',
            r"body: the operation needs amount",
        ),
        (WHOLE.replace("why:", "because:"), r"body: because: the operation has none such"),
        (WHOLE.replace("customer_id}", "customer}"), r"\{customer\} is not known"),
        (WHOLE.replace("{because}", "{answer.id}"), r"there is no answer yet"),
        (WHOLE.replace("|number", "|money"), r"expected \|number"),
        ("request: POST /x", r"expected operation: SERVICE.OPERATION, or service"),
        ("service: crm\n        request: FETCH /x", r"expected operation"),
        ("service: crm\n        requests: POST /x", r"unknown field `requests`"),
    ],
)
def test_what_does_not_hold_is_told_with_its_place(tmp_path: Path, calls: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        load(tmp_path, calls)
    assert "actions" in str(caught.value)


def test_every_problem_is_told_at_once_and_no_secret(tmp_path: Path) -> None:
    service = "  other:\n    url: ftp://x\n    auth: {bearer: nobody, user: me}\n"
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, "operation: crm.none", service=service)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3, lines
    assert "s3cret" not in str(caught.value)


def test_without_a_body_the_whole_action_goes_out_signed(tmp_path: Path) -> None:
    service = "    webhook_secret: hook\n"
    plans = load(tmp_path, "service: crm\n        request: POST /hooks", service=service)
    given = action()
    call = plans["refund"].steps[0].request.call(given, facts_of(given), "act_1")
    assert json.loads(call.body)["schema"] == "cx.action.v1"
    assert call.signer is not None
    assert call.signer.headers(call.body, 0)["webhook-id"] == "act_1"


def test_the_demo_crm_is_described(tmp_path: Path) -> None:
    plans = load_plans(
        ROOT / "deploy/demo-crm/executor.yaml",
        secret_of=lambda name: SECRETS.get(name, ()),
        environ=ENVIRON,
    )
    assert {"open_refund_case", "change_plan"} <= set(plans)
    assert plans["change_plan"].steps[0].undo is not None
    assert plans["open_refund_case"].keeps == "refund"


def test_the_example_of_the_docs_holds(tmp_path: Path) -> None:
    page = (ROOT / "docs/actions.md").read_text("utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "executor.yaml"
    path.write_text(example)
    (tmp_path / "openapi.json").write_text(
        (ROOT / "deploy/demo-crm/openapi.json").read_text("utf-8")
    )
    plans = load_plans(path, secret_of=lambda name: SECRETS.get(name, ()), environ=ENVIRON)
    given = replace(action(amount="5"), action="open_refund_case")
    call = plans["open_refund_case"].steps[0].request.call(given, facts_of(given), "k")
    assert json.loads(call.body)["amount"] == 5.0

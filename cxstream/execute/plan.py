"""What carrying out an action takes: which calls, to which systems, and what counts as done.

`configuration` makes these from YAML and refuses what does not hold; everything after that may trust them.
"""

from __future__ import annotations

import base64

import msgspec
from msgspec import Struct

from cxstream.events import Action
from cxstream.execute.transport import Call, Patience
from cxstream.execute.webhooks import WebhookSigner
from cxstream.execute.wording import Facts, Filled, Wording, fill

_encoder = msgspec.json.Encoder(order="deterministic")


class Service(Struct, frozen=True):
    """A system that is called. Secrets are in `headers` and `webhook_secrets`, and in no repr.

    With `webhook_secrets` each call is signed as a Standard Webhook.
    """

    name: str
    url: str
    headers: dict[str, str] = {}
    webhook_secrets: tuple[str, ...] = ()
    timeout_s: float = 10.0
    patience: Patience = Patience()
    key_header: str = "Idempotency-Key"

    def __repr__(self) -> str:
        return f"Service({self.name!r})"


class Request(Struct, frozen=True):
    """One call as it is described: places in path, query, headers and body are filled from the action.

    Without a `body` a POST, PUT or PATCH carries the whole action as its record.
    """

    service: Service
    method: str
    path: Wording
    query: dict[str, Wording] = {}
    headers: dict[str, Wording] = {}
    body: Filled | None = None

    def call(self, action: Action, facts: Facts, key: str) -> Call:
        """The call of one action under an idempotency key. Raises `DeliveryError` for what is missing."""
        query = "&".join(f"{name}={w.fill_path(facts)}" for name, w in self.query.items())
        body = b""
        if self.body is not None:
            body = _encoder.encode(fill(self.body, facts))
        elif self.method in ("POST", "PUT", "PATCH"):
            body = _encoder.encode(action)
        service = self.service
        headers = {name: str(w.fill(facts)) for name, w in self.headers.items()}
        return Call(
            service=service.name,
            method=self.method,
            url=service.url + self.path.fill_path(facts) + (f"?{query}" if query else ""),
            headers={
                **service.headers,
                **headers,
                service.key_header: key,
                **({"content-type": "application/json"} if body else {}),
            },
            body=body,
            timeout_s=service.timeout_s,
            signer=WebhookSigner(key, service.webhook_secrets) if service.webhook_secrets else None,
        )


class Step(Struct, frozen=True):
    """One call of an action, and the call that takes it back when a later one fails."""

    request: Request
    undo: Request | None = None


class Plan(Struct, frozen=True):
    """How one kind of action is carried out.

    It is confirmed by the last answer, or (`by_event`) when the other system says so on `cx.outcomes`; until
    then it is only acknowledged. It should stand within `within_s` of being sent. `reference` is read from
    the last answer; `keeps` names the kind of promise that it keeps.
    """

    action: str
    steps: tuple[Step, ...]
    by_event: bool = False
    within_s: float = 600.0
    reference: Wording | None = None
    keeps: str | None = None


def facts_of(action: Action) -> dict[str, object]:
    """What places of a request may read of an action."""
    return {
        "id": action.id,
        "action": action.action,
        "conversation_id": action.conversation_id,
        "customer_id": action.customer_id,
        "agent_id": action.agent_id,
        "tenant": action.tenant,
        "because": action.why.because,
        "event_time": action.event_time.isoformat(),
        "parameters": action.parameters,
    }


def basic_auth(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

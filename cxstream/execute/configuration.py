"""Your back office as YAML: which systems there are, and what each action is there. See docs/actions.md.

Every problem is found before the first call, with the place and what was expected; secrets are named here and
never written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from cxstream.errors import UNREADABLE, CxError, SettingsError
from cxstream.execute.openapi import Operation, operations
from cxstream.execute.plan import Plan, Request, Service, Step, basic_auth
from cxstream.execute.transport import Patience
from cxstream.execute.webhooks import WebhookSigner
from cxstream.execute.wording import wording, words_of
from cxstream.execute.written import DESCRIPTION_MAX, read_yaml

SecretOf = Callable[[str], tuple[str, ...]]
"""The secrets of a name that hold now, newest first."""

_REQUEST = re.compile(r"(GET|PUT|POST|PATCH|DELETE) (/\S*)\Z")
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class _Auth(Struct, forbid_unknown_fields=True):
    bearer: str | None = None
    header: str | None = None
    user: str | None = None
    secret: str | None = None


class _Service(Struct, forbid_unknown_fields=True):
    url: str
    openapi: str | None = None
    auth: _Auth | None = None
    webhook_secret: str | None = None
    headers: dict[str, str] = {}
    timeout_s: float = 10.0
    tries: int | None = None
    within_s: float = 120.0
    first_wait_s: float = 0.2
    longest_wait_s: float = 10.0
    key_header: str = "Idempotency-Key"


class _Call(Struct, forbid_unknown_fields=True):
    operation: str | None = None
    service: str | None = None
    request: str | None = None
    parameters: dict[str, str] = {}
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: dict[str, object] | None = None
    undo: _Call | None = None


class _Action(Struct, forbid_unknown_fields=True):
    calls: list[_Call]
    confirmed_by: Literal["answer", "event"] = "answer"
    within_s: float = 600.0
    reference: str | None = None
    keeps: str | None = None


class _Configuration(Struct, forbid_unknown_fields=True):
    services: dict[str, _Service]
    actions: dict[str, _Action]


class _Known(NamedTuple):
    """A service, and the operations of its description."""

    service: Service
    operations: dict[str, Operation]


def load_plans(path: Path, *, secret_of: SecretOf, environ: Mapping[str, str]) -> dict[str, Plan]:
    """The plans by action. Raises `SettingsError` with every problem of the file."""
    reader = _Reader(path, secret_of, environ)
    plans = reader.plans()
    if reader.problems:
        raise SettingsError("\n".join(f"{path}: {problem}" for problem in reader.problems))
    return plans


class _Reader:
    """Reads one file and gathers what is wrong with it."""

    def __init__(self, path: Path, secret_of: SecretOf, environ: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._path = path
        self._secret_of = secret_of
        self._environ = environ

    def plans(self) -> dict[str, Plan]:
        written = read_yaml(self._path)
        try:
            given = msgspec.convert(written, _Configuration)
        except UNREADABLE as error:
            self.problems.append(str(error))
            return {}
        known = {name: self._service(name, service) for name, service in given.services.items()}
        return {name: self._plan(name, action, known) for name, action in given.actions.items()}

    def _service(self, name: str, given: _Service) -> _Known:
        at = f"services.{name}"
        headers = dict(given.headers)
        if given.auth is not None:
            headers |= self._auth(at, given.auth)
        secrets: tuple[str, ...] = ()
        if given.webhook_secret is not None:
            secrets = self._secrets(f"{at}.webhook_secret", given.webhook_secret)
            try:
                WebhookSigner("check", secrets or ("whsec_Y2hlY2s=",))
            except CxError as error:
                self.problems.append(f"{at}.webhook_secret: {error}")
        url = _VARIABLE.sub(lambda found: self._variable(at, found[1]), given.url).rstrip("/")
        if not re.match(r"https?://[^/?#]", url):
            self.problems.append(f"{at}.url: expected http:// or https://, or ${{VARIABLE}}")
        service = Service(
            name=name,
            url=url,
            headers=headers,
            webhook_secrets=secrets,
            timeout_s=given.timeout_s,
            patience=Patience(
                given.tries, given.within_s, given.first_wait_s, given.longest_wait_s
            ),
            key_header=given.key_header,
        )
        return _Known(service, self._operations(at, given.openapi))

    def _variable(self, at: str, name: str) -> str:
        if name not in self._environ:
            self.problems.append(f"{at}.url: {name} is not set in the environment")
        return self._environ.get(name, "")

    def _secrets(self, at: str, name: str) -> tuple[str, ...]:
        found = self._secret_of(name)
        if not found:
            variable = "CXSTREAM_SECRET_" + name.upper().replace("-", "_")
            self.problems.append(f"{at}: there is no secret {name!r}: set {variable}")
        return found

    def _auth(self, at: str, auth: _Auth) -> dict[str, str]:
        at = f"{at}.auth"
        match auth:
            case _Auth(bearer=str(name), header=None, user=None, secret=None):
                found = self._secrets(f"{at}.bearer", name)
                return {"Authorization": f"Bearer {found[0]}"} if found else {}
            case _Auth(bearer=None, header=str(header), user=None, secret=str(name)):
                found = self._secrets(f"{at}.secret", name)
                return {header: found[0]} if found else {}
            case _Auth(bearer=None, header=None, user=str(user), secret=str(name)):
                found = self._secrets(f"{at}.secret", name)
                return {"Authorization": basic_auth(user, found[0])} if found else {}
        self.problems.append(
            f"{at}: expected bearer: SECRET, or header: NAME with secret:, or user: NAME with secret:"
        )
        return {}

    def _operations(self, at: str, file: str | None) -> dict[str, Operation]:
        if file is None:
            return {}
        try:
            described = self._path.parent / file
            return operations(read_yaml(described, most=DESCRIPTION_MAX, aliases=True))
        except (SettingsError, ValueError) as error:
            self.problems.append(f"{at}.openapi: {error}")
            return {}

    def _plan(self, name: str, given: _Action, known: Mapping[str, _Known]) -> Plan:
        at = f"actions.{name}"
        steps: list[Step] = []
        if not given.calls:
            self.problems.append(f"{at}.calls: expected at least one call")
        for number, call in enumerate(given.calls):
            request = self._request(f"{at}.calls[{number}]", call, known, answers=False)
            undo = None
            if call.undo is not None:
                undo = self._request(f"{at}.calls[{number}].undo", call.undo, known, answers=True)
            if request is not None:
                steps.append(Step(request, undo))
        reference = None
        if given.reference is not None:
            try:
                reference = wording(given.reference, answers=True)
            except ValueError as error:
                self.problems.append(f"{at}.reference: {error}")
        return Plan(
            action=name,
            steps=tuple(steps),
            by_event=given.confirmed_by == "event",
            within_s=given.within_s,
            reference=reference,
            keeps=given.keeps,
        )

    def _request(
        self, at: str, call: _Call, known: Mapping[str, _Known], *, answers: bool
    ) -> Request | None:
        try:
            if call.operation is not None:
                return _by_operation(call, known, answers)
            return _by_path(call, known, answers)
        except ValueError as error:
            self.problems.append(f"{at}: {error}")
            return None


def _by_path(call: _Call, known: Mapping[str, _Known], answers: bool) -> Request:
    found = _REQUEST.match(call.request or "")
    if found is None or call.service is None or call.parameters:
        raise ValueError(
            "expected operation: SERVICE.OPERATION, or service: NAME with request: POST /path"
        )
    return Request(
        service=_service(call.service, known).service,
        method=found[1],
        path=wording(found[2], answers=answers),
        query={name: wording(text, answers=answers) for name, text in call.query.items()},
        headers={name: wording(text, answers=answers) for name, text in call.headers.items()},
        body=None if call.body is None else words_of(call.body, answers=answers),
    )


def _by_operation(call: _Call, known: Mapping[str, _Known], answers: bool) -> Request:
    service_name, _, name = (call.operation or "").partition(".")
    if call.service or call.request or call.query:
        raise ValueError("an operation has its path and query from its description: parameters:")
    there = _service(service_name, known)
    operation = there.operations.get(name)
    if operation is None:
        names = ", ".join(sorted(there.operations)) or "none: give the service an openapi: file"
        raise ValueError(f"{service_name} has no operation {name!r}; it has {names}")
    _fits(call, operation, there.service.key_header)
    path = operation.path
    for parameter, text in call.parameters.items():
        if operation.places[parameter] == "path":
            path = path.replace("{" + parameter + "}", text)
    placed = {
        place: {
            parameter: wording(text, answers=answers)
            for parameter, text in call.parameters.items()
            if operation.places[parameter] == place
        }
        for place in ("query", "header")
    }
    return Request(
        service=there.service,
        method=operation.method,
        path=wording(path, answers=answers),
        query=placed["query"],
        headers={
            **placed["header"],
            **{n: wording(text, answers=answers) for n, text in call.headers.items()},
        },
        body=None if call.body is None else words_of(call.body, answers=answers),
    )


def _fits(call: _Call, operation: Operation, key_header: str) -> None:
    """Whether the operation gets what it wants, and nothing that it does not know."""
    given = set(call.parameters)
    ours = {p for p in operation.places if p.lower() in (key_header.lower(), "authorization")}
    if unknown := given - set(operation.places):
        raise ValueError(f"parameters: {', '.join(sorted(unknown))}: the operation has none such")
    if missing := operation.required_parameters - given - ours:
        raise ValueError(f"parameters: the operation needs {', '.join(sorted(missing))}")
    if call.body is None:
        if operation.takes_body and operation.required:
            raise ValueError(f"body: the operation needs {', '.join(sorted(operation.required))}")
        return
    if not operation.takes_body:
        raise ValueError("body: the operation takes none")
    if operation.fields is not None and (unknown := set(call.body) - operation.fields):
        raise ValueError(f"body: {', '.join(sorted(unknown))}: the operation has none such")
    if missing := operation.required - set(call.body):
        raise ValueError(f"body: the operation needs {', '.join(sorted(missing))}")


def _service(name: str, known: Mapping[str, _Known]) -> _Known:
    if name not in known:
        raise ValueError(f"there is no service {name!r}; there is {', '.join(known) or 'none'}")
    return known[name]

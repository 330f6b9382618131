"""A small CRM to try cxstream's executors on: refunds, address changes, visits, call-backs, plan changes.

    python deploy/demo-crm/crm.py --data crm.sqlite --port 8200

It does what a back office should do for at-least-once callers: each POST needs an `Idempotency-Key`, and the
key, the effect and the answer are written in one transaction. The same key again gives the same answer and no
second effect; the same key with other words is refused. Not for production: one file, one process.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import random
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

SCHEMA = """
create table if not exists effects (
    id integer primary key autoincrement, kind text not null, customer_id text not null, status text not null,
    idempotency_key text not null unique, given text not null, done_at text not null default current_timestamp);
create table if not exists answers (
    idempotency_key text primary key, fingerprint text not null, status integer not null, answer text not null);
"""
TOKEN = os.environ.get("CRM_TOKEN", "")


class Given(BaseModel):
    """What every effect names."""

    model_config = ConfigDict(extra="forbid")
    customer_id: str = Field(min_length=1, max_length=200)
    conversation_id: str | None = None


class Refund(Given):
    """Money back."""

    reason: str = Field(max_length=2000)
    amount: float | None = Field(
        None, gt=0, le=10_000, description="all that was paid, if not given"
    )


class Address(Given):
    """Where the customer lives from now on."""

    street: str
    city: str
    postcode: str


class Visit(Given):
    """A technician comes."""

    about: str = Field(max_length=2000)
    day: str | None = None


class CallBack(Given):
    """Somebody calls the customer."""

    about: str = Field(max_length=2000)
    by: str | None = None


class PlanChange(Given):
    """Another plan from the next bill on."""

    plan: str


class Effect(BaseModel):
    """What stands in the CRM."""

    id: int
    kind: Literal["refund", "address", "visit", "call_back", "plan"]
    customer_id: str
    status: Literal["done", "taken_back"]
    idempotency_key: str
    given: dict[str, Any]


class Store:
    """The database: one connection, one writer at a time, everything on disk before an answer leaves."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("pragma journal_mode=wal; pragma synchronous=full;" + SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing."""
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def once(
        self,
        key: str,
        words: str,
        effect: Callable[[sqlite3.Connection], tuple[int, dict[str, Any]]],
    ) -> tuple[int, dict[str, Any], bool]:
        """Status and answer of an effect that happens once a key, and whether it was known."""
        fingerprint = hashlib.sha256(words.encode()).hexdigest()
        with self.transaction() as db:
            row = db.execute("select * from answers where idempotency_key = ?", (key,)).fetchone()
            if row is not None:
                if row["fingerprint"] != fingerprint:
                    raise HTTPException(422, "this Idempotency-Key was used for something else")
                return row["status"], json.loads(row["answer"]), True
            status, answer = effect(db)
            db.execute(
                "insert into answers values (?, ?, ?, ?)",
                (key, fingerprint, status, json.dumps(answer)),
            )
        return status, answer, False


def effect_of(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "customer_id": row["customer_id"],
        "status": row["status"],
        "idempotency_key": row["idempotency_key"],
        "given": json.loads(row["given"]),
    }


def authorised(authorization: Annotated[str, Header()] = "") -> None:
    if not TOKEN or not hmac.compare_digest(authorization.encode(), f"Bearer {TOKEN}".encode()):
        raise HTTPException(401, "expected Authorization: Bearer, with the CRM_TOKEN of the server")


Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]


def build(store: Store | None, chaos: random.Random | None = None) -> FastAPI:
    """The application; with `chaos` it fails now and then, before or after the effect."""
    app = FastAPI(title="Demo CRM", version="1", dependencies=[Depends(authorised)])

    def write(kind: str, given: Given, key: str) -> JSONResponse:
        assert store is not None
        words = json.dumps([kind, given.model_dump()], sort_keys=True)

        def effect(db: sqlite3.Connection) -> tuple[int, dict[str, Any]]:
            row = db.execute(
                "insert into effects (kind, customer_id, status, idempotency_key, given)"
                " values (?, ?, 'done', ?, ?) returning *",
                (kind, given.customer_id, key, given.model_dump_json(exclude_none=True)),
            ).fetchone()
            return 201, effect_of(row)

        status, answer, known = store.once(key, words, effect)
        return JSONResponse(answer, 200 if known else status)

    @app.post("/refunds", operation_id="createRefund", status_code=201)
    def create_refund(given: Refund, key: Key) -> Effect:
        return write("refund", given, key)  # type: ignore[return-value]

    @app.post("/address-changes", operation_id="changeAddress", status_code=201)
    def change_address(given: Address, key: Key) -> Effect:
        return write("address", given, key)  # type: ignore[return-value]

    @app.post("/visits", operation_id="bookVisit", status_code=201)
    def book_visit(given: Visit, key: Key) -> Effect:
        return write("visit", given, key)  # type: ignore[return-value]

    @app.post("/call-backs", operation_id="bookCallBack", status_code=201)
    def book_call_back(given: CallBack, key: Key) -> Effect:
        return write("call_back", given, key)  # type: ignore[return-value]

    @app.post("/plan-changes", operation_id="changePlan", status_code=201)
    def change_plan(given: PlanChange, key: Key) -> Effect:
        return write("plan", given, key)  # type: ignore[return-value]

    @app.post("/effects/{effect_id}/take-back", operation_id="takeBack")
    def take_back(effect_id: int, key: Key) -> Effect:
        assert store is not None

        def effect(db: sqlite3.Connection) -> tuple[int, dict[str, Any]]:
            row = db.execute(
                "update effects set status = 'taken_back' where id = ? returning *", (effect_id,)
            ).fetchone()
            if row is None:
                raise HTTPException(404, "there is no such effect")
            return 200, effect_of(row)

        return JSONResponse(store.once(key, f"take back {effect_id}", effect)[1])  # type: ignore[return-value]

    @app.get("/effects", operation_id="listEffects")
    def list_effects(customer_id: str | None = None) -> list[Effect]:
        assert store is not None
        with store.transaction() as db:
            rows = db.execute(
                "select * from effects where customer_id = coalesce(?, customer_id) order by id",
                (customer_id,),
            ).fetchall()
        return [Effect(**effect_of(row)) for row in rows]

    if chaos is not None:

        @app.middleware("http")
        async def fail_now_and_then(request: Request, forward: Callable[..., Any]) -> Response:
            draw = chaos.random() if request.method == "POST" else 1.0
            if draw < 0.1:
                return JSONResponse({"detail": "chaos, before"}, 503)
            answer: Response = await forward(request)
            if draw < 0.2:
                return JSONResponse({"detail": "chaos, after"}, 502)
            return answer

    return app


def main() -> None:
    """Serve until a signal; or print the OpenAPI description."""
    parser = argparse.ArgumentParser(description="A small CRM to try executors on.")
    parser.add_argument("--data", type=Path, default=Path("crm.sqlite"), help="the database file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8200, help="0 takes a free one")
    parser.add_argument(
        "--fail", type=int, metavar="SEED", help="fail now and then, as this seed says"
    )
    parser.add_argument(
        "--openapi", action="store_true", help="print the OpenAPI description and end"
    )
    given = parser.parse_args()
    if given.openapi:
        sys.stdout.write(json.dumps(build(None).openapi(), indent=1) + "\n")
        return
    if not TOKEN:
        sys.exit("set CRM_TOKEN to the token that callers must give")
    chaos = None if given.fail is None else random.Random(given.fail)  # noqa: S311
    app = build(Store(given.data), chaos)
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()

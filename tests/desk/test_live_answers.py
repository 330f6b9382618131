"""Answers, approvals, sign-in, trend and pages over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest
from live_records import action, escalation, nudge, signal
from live_support import KIM, LENA, LOU, NOW_MS, SIGNIN, TOM, LiveDesk

from cxstream.desk.tokens import Viewer
from cxstream.events import Approval, Outcome, from_ms


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run a scene."""
    asyncio.run(scene)


async def say(
    client: httpx.AsyncClient, desk: LiveDesk, viewer: Viewer, path: str, **said: str
) -> httpx.Response:
    """Send an answer."""
    return await client.post(path, headers=desk.bearer(viewer), json=said)


def test_an_answer_is_an_outcome_and_a_repeated_click_is_one() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), nudge(1))
        path = "/v1/nudges/nudge_1/answers"
        async with desk.client() as client:
            first = await say(client, desk, TOM, path, kind="accepted", reason="it helped")
            again = await say(client, desk, TOM, path, kind="accepted")
            undone = await say(client, desk, TOM, path, kind="undone")
            anew = await say(client, desk, TOM, path, kind="accepted")
        assert first.json() == again.json() == {"id": first.json()["id"], "state": "accepted"}
        assert undone.json()["state"] == "open"
        assert anew.json()["id"] != first.json()["id"]
        record = desk.kept.records[0]
        assert isinstance(record, Outcome)
        assert record.event_time == from_ms(NOW_MS)
        assert (record.kind, record.decision_id, record.conversation_id, record.agent_id) == (
            "accepted", "nudge_1", "call-1", "a-1",
        )  # fmt: skip
        assert (record.customer_id, record.source, record.reason) == ("c-1", "desk", "it helped")

    run(scene())


def test_nobody_answers_for_another() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), nudge(1))
        acme = Viewer("a-1", "agent", tenant="acme")
        path = "/v1/nudges/nudge_1/answers"
        async with desk.client() as client:
            for viewer, status in ((LENA, 404), (acme, 404), (KIM, 403)):
                answer = await say(client, desk, viewer, path, kind="accepted")
                assert answer.status_code == status
        assert desk.kept.records == []

    run(scene())


def test_what_kafka_did_not_take_was_not_said() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), nudge(1))
        desk.kept.refuses = True
        async with desk.client() as client:
            answer = await say(client, desk, TOM, "/v1/nudges/nudge_1/answers", kind="accepted")
        assert answer.status_code == 503
        assert desk.newsroom.floor.cards["nudge_1"].answers.state == "open"

    run(scene())


def test_being_shown_is_noted_once() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), nudge(1))
        async with desk.client() as client:
            for _ in range(3):
                await say(client, desk, TOM, "/v1/nudges/nudge_1/answers", kind="shown")
        assert [record.kind for record in desk.kept.records if isinstance(record, Outcome)] == [
            "shown"
        ]

    run(scene())


def test_an_escalation_is_taken_over_and_given_back() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), escalation())
        path = "/v1/escalations/escalation_1/answers"
        async with desk.client() as client:
            assert (await say(client, desk, LOU, path, kind="accepted")).status_code == 404
            assert (await say(client, desk, TOM, path, kind="accepted")).status_code == 403
            assert (await say(client, desk, KIM, path, kind="accepted")).json()[
                "state"
            ] == "accepted"
            row = desk.newsroom.floor.row(desk.newsroom.floor.conversations["default", "call-1"])
            assert row.escalations[0].taken_by == "kim"
            assert (await say(client, desk, KIM, path, kind="undone")).json()["state"] == "open"
        assert [getattr(record, "source", "") for record in desk.kept.records] == ["supervisor"] * 2

    run(scene())


def test_an_approval_needs_the_role_that_the_playbook_names() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), action(1), action(2, approvers=("head_of_cards",)))
        async with desk.client() as client:
            one, two = "/v1/actions/action_1/approvals", "/v1/actions/action_2/approvals"
            assert (await say(client, desk, LOU, one, verdict="approved")).status_code == 404
            refused = await say(client, desk, KIM, two, verdict="approved")
            assert (refused.status_code, "head_of_cards" in refused.json()["mend"]) == (403, True)
            assert (await say(client, desk, KIM, one, verdict="approved")).status_code == 200
        (record,) = desk.kept.records
        assert isinstance(record, Approval)
        assert (record.decision_id, record.verdict, record.by, record.roles) == (
            "action_1", "approved", "kim", ("team_lead",),
        )  # fmt: skip

    run(scene())


@pytest.mark.parametrize("sent", ['{"kind": "yes"}', "{}", "[]", "x"])
def test_a_malformed_answer_is_refused(sent: str) -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), nudge(1))
        async with desk.client() as client:
            headers = desk.bearer(TOM) | {"content-type": "application/json"}
            answer = await client.post("/v1/nudges/nudge_1/answers", headers=headers, content=sent)
        assert answer.status_code == 422

    run(scene())


def test_a_system_signs_people_in_and_pages_renew() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        who = {"name": "a-1", "role": "agent"}
        async with desk.client() as client:
            key = {"Authorization": f"Bearer {SIGNIN}"}
            token = (await client.post("/v1/tokens", headers=key, json=who)).json()["token"]
            assert desk.tokens.read(token).viewer == TOM
            mine = {"Authorization": f"Bearer {token}"}
            later = (await client.post("/v1/tokens/renewed", headers=mine)).json()["token"]
            assert desk.tokens.read(later).viewer == TOM
            for headers in ({}, mine):
                assert (
                    await client.post("/v1/tokens", headers=headers, json=who)
                ).status_code == 401
            assert (await client.post("/v1/tokens/renewed", headers=key)).status_code == 401
            for wrong in ({"name": "x", "role": "boss"}, who | {"is_admin": True}):
                assert (await client.post("/v1/tokens", headers=key, json=wrong)).status_code == 422

    run(scene())


def test_the_trend_is_of_ones_own_queues() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(valence=-0.5))
        async with desk.client() as client:
            for viewer, said in ((KIM, 1), (LOU, 0)):
                hour = (await client.get("/v1/floor/trend", headers=desk.bearer(viewer))).json()
                assert (len(hour), sum(minute["said"] for minute in hour)) == (60, said)

    run(scene())


def test_pages_run_no_script_but_their_own() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        async with desk.client() as client:
            for path in ("/agent", "/floor", "/journey"):
                page = await client.get(path)
                assert page.status_code == 200
                policy = page.headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert " style=" not in page.text
                assert " on" + "click=" not in page.text
                assert page.text.count("<script") == page.text.count('<script type="module" src=')
            script = await client.get("/assets/agent.js")
            assert script.headers["content-type"].startswith("text/javascript")
            same = await client.get(
                "/assets/agent.js", headers={"If-None-Match": script.headers["etag"]}
            )
            assert same.status_code == 304
            for nothing in ("/assets/nothing.js", "/assets/..%2fapp.py", "/assets/__init__.py"):
                assert (await client.get(nothing)).status_code == 404

    run(scene())


def test_what_was_shown_and_never_answered_is_ignored() -> None:
    async def scene() -> None:
        desk = LiveDesk()
        desk.take(signal(), nudge(1, valid_s=10), nudge(2, valid_s=10))
        async with desk.client() as client:
            await say(client, desk, TOM, "/v1/nudges/nudge_1/answers", kind="shown")
            desk.newsroom.clock_ms = lambda: NOW_MS + 60_000
            desk.newsroom.expire()
            await asyncio.sleep(0)
            late = await say(client, desk, TOM, "/v1/nudges/nudge_1/answers", kind="accepted")
        kinds = [(r.kind, r.decision_id) for r in desk.kept.records if isinstance(r, Outcome)]
        assert kinds[:2] == [("shown", "nudge_1"), ("ignored", "nudge_1")]
        assert late.status_code == 200  # they clicked as it left: what they said still counts
        assert kinds[2:] == [("accepted", "nudge_1")]

    run(scene())

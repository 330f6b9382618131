"""The contract, to be read by programs: the AsyncAPI document and the JSON Schema of a transcript record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from cxstream.desk.contract import asyncapi
from cxstream.listen.schema import transcript_schema


def router(topics: Mapping[str, str], brokers: str) -> APIRouter:
    """`/asyncapi.json` and `/v1/schema`, beside the `/openapi.json` that every application has."""
    documents = APIRouter(tags=["documents"])

    @documents.get("/asyncapi.json", summary="The topics and the socket, as AsyncAPI 3")
    async def asyncapi_document(request: Request) -> dict[str, Any]:
        return asyncapi(topics, brokers=brokers, desk=request.url.netloc)

    @documents.get("/v1/schema", summary="The JSON Schema of a fragment or control event")
    async def schema() -> dict[str, Any]:
        return transcript_schema()

    return documents

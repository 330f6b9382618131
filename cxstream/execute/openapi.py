"""One operation of an OpenAPI 3 description: its method, its path, and what it wants to be given.

Only what a call needs is read; references within the file are followed, others are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

_METHODS = ("get", "put", "post", "delete", "patch")


class Operation(Struct, frozen=True):
    """`places` says of each parameter whether it goes into the path, query or header.

    `required` and `fields` are those of a JSON body; `fields` is None where the body may hold anything.
    """

    method: str
    path: str
    places: dict[str, str] = {}
    required_parameters: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    fields: frozenset[str] | None = None
    takes_body: bool = False


def operations(document: object) -> dict[str, Operation]:
    """The operations by their `operationId`. Raises `ValueError` for what is no OpenAPI 3 description."""
    if not isinstance(document, Mapping) or not str(document.get("openapi", "")).startswith("3."):
        raise ValueError("expected an OpenAPI 3 description")
    found: dict[str, Operation] = {}
    for path, item in _mapping(document.get("paths")).items():
        shared = _listed(_mapping(item).get("parameters"), document)
        for method in _METHODS:
            given = _mapping(item).get(method)
            if isinstance(given, Mapping) and "operationId" in given:
                own = _listed(given.get("parameters"), document)
                parameters = [*shared, *own]
                found[str(given["operationId"])] = _operation(
                    method, path, parameters, given, document
                )
    return found


def _operation(
    method: str,
    path: str,
    parameters: list[Mapping[str, object]],
    given: Mapping[str, object],
    document: Mapping[str, object],
) -> Operation:
    schema = _body_schema(given, document)
    properties = _mapping(schema.get("properties")) if schema is not None else {}
    opened = schema is None or not properties
    return Operation(
        method=method.upper(),
        path=path,
        places={str(p["name"]): str(p["in"]) for p in parameters},
        required_parameters=frozenset(str(p["name"]) for p in parameters if p.get("required")),
        required=frozenset(map(str, _sequence(schema.get("required")))) if schema else frozenset(),
        fields=None if opened else frozenset(properties),
        takes_body=schema is not None,
    )


def _body_schema(
    given: Mapping[str, object], document: Mapping[str, object]
) -> Mapping[str, object] | None:
    body = _resolved(given.get("requestBody"), document)
    media = _mapping(_mapping(body).get("content"))
    for name, content in media.items():
        if name.partition(";")[0] == "application/json" or name.endswith("+json"):
            return _mapping(_resolved(_mapping(content).get("schema"), document))
    return None


def _resolved(node: object, document: Mapping[str, object]) -> object:
    for _ in range(20):
        reference = node.get("$ref") if isinstance(node, Mapping) else None
        if reference is None:
            return node
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise ValueError(f"$ref {reference!r}: only references within the file are followed")
        node = document
        for part in reference[2:].split("/"):
            node = _mapping(node).get(part.replace("~1", "/").replace("~0", "~"))
    raise ValueError("references that lead round in a ring")


def _listed(node: object, document: Mapping[str, object]) -> list[Mapping[str, object]]:
    found = [_resolved(one, document) for one in _sequence(node)]
    return [one for one in found if isinstance(one, Mapping) and {"name", "in"} <= one.keys()]


def _sequence(node: object) -> Iterator[object]:
    yield from node if isinstance(node, list) else ()


def _mapping(node: object) -> Mapping[str, object]:
    return node if isinstance(node, Mapping) else {}

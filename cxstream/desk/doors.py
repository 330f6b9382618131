"""Who stands at the door of the live part: a token is read, and what its holder may do is checked."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from cxstream.desk.faults import Refusal, unauthorised
from cxstream.desk.tokens import Pass, Tokens, Viewer
from cxstream.errors import AccessError

SUBPROTOCOL = "cx.desk.v1"
_BEARER = "bearer."


class Doors:
    """Reads the token of a request or a WebSocket upgrade.

    It comes as `Authorization: Bearer`. A browser cannot set that on a WebSocket: there it is a subprotocol,
    `bearer.<token>`, beside `cx.desk.v1`. Never in the address, which ends up in logs.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def token(self, connection: HTTPConnection) -> str:
        """The token as it was sent. Raises the 401 `Refusal` when there is none."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        offered = connection.headers.get("sec-websocket-protocol", "")
        for protocol in (part.strip() for part in offered.split(",")):
            if protocol.startswith(_BEARER):
                return protocol.removeprefix(_BEARER)
        raise unauthorised("Authorization", "send `Authorization: Bearer` with a desk token")

    def enter(self, connection: HTTPConnection) -> Pass:
        """Whoever it is. Raises the 401 `Refusal`."""
        token = self.token(connection)
        try:
            return self._tokens.read(token)
        except AccessError as error:
            raise unauthorised("Authorization", str(error)) from error

    def agent(self, connection: HTTPConnection) -> Viewer:
        """An agent. Raises 401, or 403 for anybody else."""
        viewer = self.enter(connection).viewer
        if viewer.role != "agent":
            raise forbidden("only the agent may answer their own nudges")
        return viewer

    def supervisor(self, connection: HTTPConnection) -> Viewer:
        """A supervisor. Raises 401, or 403 for anybody else."""
        viewer = self.enter(connection).viewer
        if viewer.role != "supervisor":
            raise forbidden("this is for supervisors")
        return viewer


def forbidden(mend: str) -> Refusal:
    """403: it is clear who this is, and they may not."""
    return Refusal(403, "forbidden", "Authorization", mend)

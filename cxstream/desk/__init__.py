"""The desk: where people and systems meet the stream, by HTTP and WebSocket.

    telephony ── fragments ──▶ intake ──▶ redacted ──▶ Kafka     (fragments.py, connect.py)
    desktops, supervisors ◀── nudges, the floor ◀── Kafka        (live.py, live_socket.py, pages.py)
                         ── answers, approvals ──▶ Kafka         (replies.py)
    CRMs ◀── webhooks                                            (webhooks.py)
    operations ◀── /healthz, /readyz, /metrics                   (health.py)

Read in this order: app.py (how the application is put together), ports.py (what the desk needs of the
world, as Protocols), intake.py (the one way in: checked, redacted, written, answered), fragments.py and
stream.py (HTTP and WebSocket in our own format), connect.py (the vendors').
The live part: news.py (one record: what it changes, who is told), floor.py (all that is live), hub.py (rings,
resume, reset, slow readers), tokens.py (who may see what), newsroom.py (topics to streams), live.py.

**How to add to it**: one file here with a function `router(...) ->
APIRouter` that takes its parts as arguments, and, where something has to run beside the requests (a Kafka
consumer, a sender), a `ports.Service`. What it needs of Kafka stands behind a Protocol in a file here and
is implemented in `engine`; `bootstrap/desk.py` makes the parts and adds router and service to its two
lists. The desk imports neither `engine` nor `observe`.

The embedded broker serves a trial here as it does elsewhere.
"""

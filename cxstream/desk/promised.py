"""Promises that are open, by customer, from the rows of the ledger."""

from __future__ import annotations

from collections import OrderedDict

from cxstream.desk.views import PromiseView
from cxstream.events import LedgerRow

CUSTOMERS_KEPT = 20_000
_OPEN = frozenset(("proposed", "approved", "sent", "acknowledged"))


class Promised:
    """The newest row of each open promise; the customer unheard of for longest goes when there are too many."""

    def __init__(self) -> None:
        self._rows: OrderedDict[tuple[str, str], dict[str, LedgerRow]] = OrderedDict()

    def take(self, row: LedgerRow) -> bool:
        """Take a row of the ledger; whether an open promise came, changed, or was settled."""
        if row.kind != "promise" or row.customer_id is None:
            return False
        place = (row.tenant, row.customer_id)
        rows = self._rows.get(place, {})
        before = rows.get(row.id)
        if row.state in _OPEN:
            rows[row.id] = row
            self._rows[place] = rows
            self._rows.move_to_end(place)
            if len(self._rows) > CUSTOMERS_KEPT:
                self._rows.popitem(last=False)
            return before != row
        rows.pop(row.id, None)
        if not rows:
            self._rows.pop(place, None)
        return before is not None

    def open_for(self, tenant: str, customer_id: str | None) -> list[PromiseView]:
        """A customer's open promises, the most pressing first."""
        rows = self._rows.get((tenant, customer_id or ""), {}).values()
        ordered = sorted(rows, key=lambda r: (r.deadline is None, r.deadline or r.event_time))
        return [PromiseView(r.id, r.what, r.why, r.deadline, r.late) for r in ordered]

"""Connectors: what a vendor sends becomes fragments and control events. Pure: payload in, records out.

Read in this order: connector.py (what a connector is), session.py (what is known beside a payload),
shaped.py (a payload with types, its faults named), proof.py and tokens.py (how a delivery proves who sent
it), registry.py (which connectors there are: ours and plug-ins), files.py (the same payloads from a file).
Each other file is one vendor. Your own: docs/connectors.md walks through one.

A connector invents nothing. Ids and revisions come from the payload, so that a delivery that comes twice,
or before the one before it, changes nothing; a role that the vendor does not tell is a guess and says so;
each time is converted once, here.
"""

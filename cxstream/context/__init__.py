"""What is remembered: conversations, customers and their windows, as pure values.

Time is always an argument or comes with the events; nothing here reads a clock, a broker or a file.
Read in this order: `entry` (one thing that happened), `speech` and `topics` (who speaks when; what it is
about), `foresight` (what a model that foresees must offer), `arc` (how a conversation goes, folded in event
order), `conversation` (the ledger that makes arrival
order irrelevant), `windows` (sums over event time), `customer` (everything about one person), `identity`
(how that follows a person who becomes known), `snapshot` (bytes and back).
"""

"""What is remembered: conversations, customers and their windows, as pure values.

Time is always an argument or comes with the events; nothing here reads a clock, a broker or a file.
Read in this order: `entry` (one thing that happened), `arc` (how a conversation goes, folded in event
order), `conversation` (the ledger that makes arrival order irrelevant), `windows` (sums over event time),
`customer` (everything about one person), `snapshot` (bytes and back).
"""

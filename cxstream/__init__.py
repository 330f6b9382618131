"""cxstream: real-time conversation intelligence for contact centres, on Kafka.

Importing it does nothing. Read the files in this order:

    events/                    the records, one per arrow of the loop
    pipeline/                  the step: what happens to one fragment, top to bottom
    listen/decode.py           bytes to a fragment, or a dead letter that says how to mend it
    context/conversation.py    why the order of arrival does not matter
    context/windows.py         sums over event time that can be taken back
    understand/scorer.py       what a model has to answer
    decide/decider.py          rules, cool-downs, and the reasons for what was rejected
    engine/agent.py            outputs, then state, then the acknowledgement
    bootstrap/                 the only place that chooses
"""

__version__ = "0.1.0"

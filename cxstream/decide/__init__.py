"""What to do now: rules as data, judged over the facts of a conversation and its customer.

Nothing here reads a clock, a broker or a network; time comes with the moment. Read in this order:
`playbook` and `policy` (the values), `moment` (what is asked and what is answered), `decider` (the one call),
then in the order of the work: `index` (which rules a moment can move), `matching`, `arbitration` (what they
weigh), `choosing`, `gates` (who may), `ways` (automate, nudge, act or escalate), `attention` and `cards` (what
an agent can take), `records` (the answer as records of `events`). `conditions` is CEL, `phrases` words.
`load` turns YAML into playbooks, `rehearse` plays their examples.
"""

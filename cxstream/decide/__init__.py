"""What to do now: rules as data, judged over the facts of a conversation and its customer.

Nothing here reads a clock, a broker or a network; time comes with the moment. Read in this order:
`playbook` (the values), `moment` (what is asked and what is answered), `decider` (the one call), then
`index` (which rules a moment can move), `conditions` (CEL), `phrases` (words), `attention` (what an agent
can take), `records` (the answer as records of `events`). `load` turns YAML into playbooks.
"""

"""Understand: text in, scores out; and how a conversation is going.

Read in this order: scorer (the contract), normalise with spelling, encoder, heads, model (encoder + heads =
scorer), lexicon (the light one). For the course of a conversation: trajectory (its risk by weights set by
hand), phrases (what such words came to), memory, network and stream (what foresees risk and next actions),
stream_file (its weights on disk). What of all this is compiled lies in `fused`.
"""

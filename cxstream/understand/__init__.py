"""Understand: text in, scores out; and how a conversation is going.

Read in this order: scorer (the contract), normalise, encoder, heads, model (encoder + heads = scorer),
lexicon (the light one), trajectory (scores of a conversation -> its risk).
"""

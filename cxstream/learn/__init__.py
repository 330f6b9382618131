"""Learn: from public data to the heads in `models/`, and how good they are.

Read in this order: examples (what the data say), vectors (encoded once, kept), fit (one head), train
(all of them), evaluate (the figures), card (the page that tells them). For the course of conversations:
stream_data (STAR as the engine would see it), stream_fit (the network), stream_phrases (its table of phrases),
stream_risk (what is weighed), risk and stream_judge (what it is held against), stream_card, stream_train.
recipe does it all.
"""

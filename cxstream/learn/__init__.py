"""Learn: from public data to the heads in `models/`, and how good they are.

Read in this order: examples (what the data say), vectors (encoded once, kept), fit (one head), train
(all of them), evaluate (the figures), card (the page that tells them), risk and risk_card (the same for
the course of conversations); recipe does it all.
"""

"""What is compiled for this kind of processor: see decisions/019 and decisions/020.

`build` compiles and loads it. Of the encoder's layers what lies between their matrix products: `weights`
packs the products' weights, `passes` runs the layers. Of the small networks all: `calls` is the way to C,
`readers` what reads texts behind the encoder, `network` what remembers a conversation. Where it is not
compiled, or this processor is not one for it, torch's steps and numpy's do the same.
"""

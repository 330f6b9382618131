"""The encoder's layers with what lies between their matrix products compiled: see decisions/019.

`build` compiles and loads it, `weights` packs the products' weights, `passes` runs the layers. Where it is not
compiled, or this processor is not one for it, `understand.layers` does the same by torch's own steps.
"""

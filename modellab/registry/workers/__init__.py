"""Models in a process of their own: what happens to it is a step's failure, not the lab's end.

`wire.py` is how the two processes talk, `process.py` what runs in the worker, `worker.py` the lab's end of it, and
`remote.py` the model that stands there behind the contracts of its surfaces.
"""

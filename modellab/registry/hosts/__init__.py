"""Models in hosts other than this process: what happens there is a step's failure, not the lab's end.

`codec.py` and `wire.py` are how the two sides talk, `shared.py` how audio goes between processes of one machine,
`worker.py` the lab's end of a worker, `bootstrap.py` and `process.py` what runs in it, and `stand_in.py` the model that
stands in the lab behind the contracts of its surfaces.
"""

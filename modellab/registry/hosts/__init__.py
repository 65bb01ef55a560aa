"""Models in hosts other than this process: what happens there is a step's failure, not the lab's end.

`codec.py` and `wire.py` are how the two sides talk, `shared.py` how audio goes between processes of one machine.
The lab's end is `conversation.py` (calls, and what is made of answers), `worker.py` (a process of this machine) and
`stand_in.py` (the model that stands in the lab behind the contracts of its surfaces).
The host's end is `served.py` (a loaded model, and what may be called of it), and what runs in a worker: `bootstrap.py`
and `process.py`.
"""

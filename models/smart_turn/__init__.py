"""Smart Turn: whether somebody who pauses has done."""

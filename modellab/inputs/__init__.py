"""What people give the lab: recordings and texts, each under a key by which they recognise it."""

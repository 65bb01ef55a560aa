"""What the lab has, what of it is verified by what evidence, and what is not."""

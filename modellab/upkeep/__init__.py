"""Keeping a lab in order, and finding out what it and its machine lack."""

"""Folders that people have, in the field's layouts, as the lab's own datasets: a module for each layout."""

"""What the figures say: systems held beside each other on a dataset, with how sure that is."""

"""DeepFilterNet through its authors' PyTorch package."""

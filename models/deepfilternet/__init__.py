"""DeepFilterNet3 through its C library."""

"""What models of NVIDIA's NeMo share; they run in environments of their own, for the same requirements."""

"""Media in: probing, decoding, resampling, preprocessing operators, and the store of registered inputs."""

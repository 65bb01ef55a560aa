"""Services elsewhere, asked over HTTP: how patiently, what is sent, what it costs, and how answers become results."""

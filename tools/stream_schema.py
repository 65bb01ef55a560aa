"""Writes `docs/stream-events.schema.json`, the JSON Schema of a live stream's events, from their types.

python tools/stream_schema.py
"""

import json
from pathlib import Path

from modellab.streaming.events import schema

TARGET = Path(__file__).resolve().parent.parent / "docs" / "stream-events.schema.json"


def text() -> str:
    """The schema as it is written."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())

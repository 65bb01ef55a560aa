"""Alerts as lines of a file."""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from modellab.alerts.alert import Alert
from modellab.alerts.delivery import Channel, NotDelivered


class LogChannel(Channel):
    """A JSON document per alert, on a line of its own: files of logs are read by programs as well."""

    kind: Literal["log"]
    file: Path = Field(description="an absolute path; the file is made, its folder must be there")

    @field_validator("file")
    @classmethod
    def _absolute(cls, file: Path) -> Path:
        file = file.expanduser()
        if not file.is_absolute():
            raise ValueError(f"{file} is a relative path; allowed: an absolute one, such as /var/log/modellab.log")
        return file

    def deliver(self, alert: Alert) -> None:
        said = json.dumps(alert.document(), ensure_ascii=False) + "\n"
        try:
            # One write at the end of the file, so that lines of several processes never mix.
            descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o640)
            try:
                written = os.write(descriptor, said.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise NotDelivered(f"{self.file} can't be written", found=error.strerror) from error
        if written < len(said.encode()):
            raise NotDelivered(f"{self.file} took only a part of the line", found=f"{written} bytes")

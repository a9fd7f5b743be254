"""MAILBOX_FILE: each mail as a JSON line, for tests and for a first look."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()


class Mailbox:
    """A file that gets one line per mail, written before the answer leaves."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def append(self, message: Any) -> None:
        """Add a line `{kind, to, subject, text, url?, token?, code?}` in one write."""
        said = {
            name: value
            for name in ("kind", "to", "subject", "text", "url", "token", "code")
            if (value := getattr(message, name)) is not None
        }
        line = json.dumps(said, ensure_ascii=False).encode() + b"\n"
        try:
            self._write(line)
        except OSError as error:  # what caused the mail is stored, and must not fail for this
            log.error("mailbox_file_not_written", reason=error.strerror, file=str(self._file))

    def _write(self, line: bytes) -> None:
        with self._lock:
            # It holds live links: only the server's own user may read it.
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)

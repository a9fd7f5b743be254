"""MAILBOX_FILE: each mail as a line of JSON, for tests and development."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import structlog

from backend.kernel.settings import SettingsError

log = structlog.get_logger()


class Mailbox:
    """A file with one line per mail, written before the response is sent.

    Raises SettingsError if it cannot be written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        try:
            self._write(b"")
        except OSError as error:
            raise SettingsError(
                f"MAILBOX_FILE: {file} cannot be written ({error.strerror})"
            ) from None

    def append(self, message: Any) -> None:
        """Add a line `{kind, to, subject, text, url?, token?, code?}` in one write."""
        record = {
            name: value
            for name in ("kind", "to", "subject", "text", "url", "token", "code")
            if (value := getattr(message, name)) is not None
        }
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        try:
            self._write(line)
        except OSError as error:  # the cause of the mail is committed and must not fail now
            log.error("mailbox_file_not_written", reason=error.strerror, file=str(self._file))

    def _write(self, line: bytes) -> None:
        with self._lock:
            # It contains live links: readable by the server's user only.
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)

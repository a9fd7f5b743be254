"""Disks of a test's own: so small that they are soon full, or such as the kernel gives up."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.rig.missing_tools import skip_test


@dataclass(frozen=True)
class Disk:
    """A file system, mounted on `folder`."""

    folder: Path

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def fill(self) -> None:
        """Take all the room that is left."""
        with suppress(OSError), self._filler.open("ab", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass

    def empty(self) -> None:
        """Give back what `fill` took."""
        self._filler.unlink()

    def fail(self) -> None:
        """Let the kernel make it read-only while it is in use, as it does when a disk fails."""
        subprocess.run(["mount", "-o", "remount,abort", self.folder], check=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Mount a disk of this size on `folder`."""
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"):
        yield Disk(folder)


@contextmanager
def disk_that_fails(folder: Path) -> Iterator[Disk]:
    """Mount a disk on `folder` that can `fail`."""
    image = folder.with_suffix(".image")
    image.touch()
    os.truncate(image, 16_000_000)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    with _mounted(folder, "-o", "loop,errors=remount-ro", str(image)):
        yield Disk(folder)


@contextmanager
def _mounted(folder: Path, *options: str) -> Iterator[None]:
    folder.mkdir()
    mount = subprocess.run(["mount", *options, folder], capture_output=True, text=True, check=False)
    if mount.returncode != 0:
        skip_test("the right to mount a disk", f"run the tests as root ({mount.stderr.strip()})")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()

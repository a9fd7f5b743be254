"""The machine during a run: processor time, memory, and the load of other programs."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def cpu_seconds(pid: int) -> float:
    """Return the processor time, user's and system's, of one process and all its threads."""
    return _cpu_time(_PROC / str(pid))


def main_thread_seconds(pid: int) -> float:
    """Return the processor time of a process's first thread alone."""
    return _cpu_time(_PROC / str(pid) / "task" / str(pid))


def resident_megabytes(pid: int) -> float:
    """Return the memory that a process holds, in MB of 2**20 bytes."""
    return _megabytes(_PROC / str(pid) / "status", "VmRSS:")


def own_megabytes() -> float:
    """Return the memory that this very process holds."""
    return resident_megabytes(os.getpid())


def available_megabytes() -> float:
    """Return the memory that could be given to us without swapping."""
    return _megabytes(_PROC / "meminfo", "MemAvailable:")


def taskset_prefix(processor: int | None) -> list[str]:
    """Return the command prefix that pins a process to one processor; empty for None."""
    return [] if processor is None else ["taskset", "-c", str(processor)]


def describe_machine() -> dict[str, str]:
    """Return the properties of this machine that matter for the figures."""
    lines = (_PROC / "cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


@dataclass(frozen=True)
class CpuSnapshot:
    """Processor time until now, in seconds: of the whole machine, and of us."""

    at: float
    busy: float
    ours: float

    def foreign_since(self, before: "CpuSnapshot") -> float:
        """Return the share of the machine, from 0 to 1, that others took since then."""
        whole = (self.at - before.at) * (os.cpu_count() or 1)
        others = (self.busy - before.busy) - (self.ours - before.ours)
        return min(1.0, max(0.0, others / whole)) if whole > 0 else 0.0


def take_cpu_snapshot(roots: list[int]) -> CpuSnapshot:
    """Record the processor time of the machine, and of these processes and their children."""
    return CpuSnapshot(time.monotonic(), _busy_seconds(), _tree_seconds(roots))


def _megabytes(table: Path, name: str) -> float:
    lines = (line.split() for line in table.read_text().splitlines())
    return next((int(line[1]) / 1024 for line in lines if line[0] == name), 0.0)


def _busy_seconds() -> float:
    user, nice, system, _idle, _wait, irq, soft, steal = map(
        int, (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + soft + steal) / _TICK


def _tree_seconds(roots: list[int]) -> float:
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                fields = _stat(entry)
            except (FileNotFoundError, ProcessLookupError):  # it has just ended
                continue
            parents[int(entry.name)] = int(fields[1])
            # With what its children used that have ended: it is in nobody else's account.
            used[int(entry.name)] = sum(map(int, fields[11:15]))
    return sum(ticks for pid, ticks in used.items() if _descends(pid, parents, roots)) / _TICK


def _descends(pid: int, parents: dict[int, int], roots: list[int]) -> bool:
    while pid not in roots:
        if pid not in parents or pid == 1:
            return False
        pid = parents[pid]
    return True


def _cpu_time(entry: Path) -> float:
    fields = _stat(entry)
    return (int(fields[11]) + int(fields[12])) / _TICK


def _stat(entry: Path) -> list[str]:
    # The name, in parentheses, may contain anything, spaces and parentheses included.
    return (entry / "stat").read_text().rpartition(")")[2].split()

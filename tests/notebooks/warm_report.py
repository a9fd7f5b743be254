"""`python -m notebooks.report` with a kernel that has imported everything already.

Most of what a run costs is Python reading modules: once for the report, and once more, for longer,
for the kernel that Jupyter starts. Here the kernel is a fork too: still a process of its own, which
Jupyter tells what to do over the same sockets. The test with papermill starts one as people do.
"""

import importlib
import json
import os
import runpy
import signal
import sys
from typing import Any

# Before the imports that read them: the plots are for the notebook, and nobody debugs.
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # noqa: TID251
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # noqa: TID251

import nbformat
from jupyter_client.provisioning import local_provisioner

from notebooks import report

# What the notebooks import, but for what looks at its import for the IPython it runs in.
WARM = (
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib._constrained_layout",
    "pandas.io.formats.style",
    "httpcore",
    "psycopg2",
    "doctor",
    "notebooks.helpers.browser",
    "notebooks.helpers.database",
    "notebooks.helpers.masking",
    "notebooks.helpers.measuring",
)


class ForkedKernel:
    """What subprocess.Popen offers, as far as Jupyter uses it."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._wait(os.WNOHANG)

    def wait(self) -> int | None:
        return self._wait(0)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _wait(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


def main() -> None:
    """Fork the kernel, and run the report in which Jupyter finds it instead of starting one."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(write)
        _become_kernel(read)
        return
    os.close(read)
    os.setpgid(pid, pid)  # Jupyter sends signals to the kernel's group

    def launch_kernel(command: list[str], *, cwd: str, env: dict[str, str], **_: Any) -> Any:
        with os.fdopen(write, "w") as order:
            json.dump([command, cwd, {**env, "JPY_PARENT_PID": str(os.getpid())}], order)
        return ForkedKernel(pid)

    local_provisioner.launch_kernel = launch_kernel
    sys.exit(report.main())


def _become_kernel(orders: int) -> None:
    with os.fdopen(orders) as order:
        text = order.read()
    if not text:  # the report ended without a kernel
        return
    command, folder, environment = json.loads(text)
    module = command.index("-m") + 1
    sys.argv = command[module:]
    os.chdir(folder)
    os.environ.clear()  # noqa: TID251
    os.environ.update(environment)  # noqa: TID251
    runpy.run_module(command[module], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
else:
    for name in WARM:
        importlib.import_module(name)
    report._page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), "warm")

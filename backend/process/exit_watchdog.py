"""Ends a process that hangs at exit, and shows on stderr where it hangs."""

import atexit
import faulthandler

_armed = False


def exit_after(seconds: float) -> None:
    """End this process after so many seconds with a traceback of each thread.

    A further call sets a new deadline. It is cancelled once all threads are joined: the interpreter
    may need a second and more to exit on a busy machine.
    """
    global _armed  # a process ends once
    if not _armed:
        atexit.register(faulthandler.cancel_dump_traceback_later)
    _armed = True
    faulthandler.dump_traceback_later(seconds, exit=True)


def extend_deadline(seconds: float) -> None:
    """Set a new deadline, if the process is exiting."""
    if _armed:
        exit_after(seconds)

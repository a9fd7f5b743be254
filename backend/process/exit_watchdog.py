"""Ends a process that hangs where it should end, and names on stderr what hangs."""

import atexit
import faulthandler

_armed = False


def exit_after(seconds: float) -> None:
    """End this process after so many seconds, whatever hangs then, with a traceback of each thread.

    Asked again, the new time counts. Once every thread is joined nothing of ours can hang: how long
    the interpreter then takes to leave, on a busy machine a second and more, is its own affair.
    """
    global _armed  # there is one process, and one end of it
    if not _armed:
        atexit.register(faulthandler.cancel_dump_traceback_later)
    _armed = True
    faulthandler.dump_traceback_later(seconds, exit=True)


def extend_deadline(seconds: float) -> None:
    """Give what begins now its own time, if the process is ending at all."""
    if _armed:
        exit_after(seconds)

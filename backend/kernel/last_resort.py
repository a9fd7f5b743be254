"""Ends a process that hangs where it should end, and names on stderr what hangs."""

import faulthandler

_armed = False


def end_within(seconds: float) -> None:
    """End this process after so many seconds, whatever hangs then, with a traceback of each thread.

    Asked again, the new time counts.
    """
    global _armed  # there is one process, and one end of it
    _armed = True
    faulthandler.dump_traceback_later(seconds, exit=True)


def allow(seconds: float) -> None:
    """Give what begins now its own time, if the process is ending at all."""
    if _armed:
        end_within(seconds)

"""The folder for the files of this server."""

import os

from backend.kernel.settings import Settings, SettingsError


def open_data_dir(settings: Settings) -> None:
    """Create DATA_DIR if it is missing; raises SettingsError if this user cannot write there."""
    folder = settings.data_dir.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"DATA_DIR: {folder} cannot be created ({error.strerror}). Set DATA_DIR to a folder "
            f"that user {os.getuid()} may write to."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(
            f"DATA_DIR: user {os.getuid()} may not write to {folder}. "
            "Change its owner, or set DATA_DIR to another folder."
        )

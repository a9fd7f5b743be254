"""The commit that this server runs."""

from pathlib import Path

_HERE = Path(__file__).parents[3]


def find_commit(folder: Path = _HERE) -> str | None:
    """Return the commit a clone of the repository is at; None outside a clone."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text("ascii").strip()
        branch = head.removeprefix("ref: ")
        if branch == head:
            return head
        if (git / branch).is_file():
            return (git / branch).read_text("ascii").strip()
        lines = (git / "packed-refs").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((line.split()[0] for line in lines if line.split()[1:] == [branch]), None)

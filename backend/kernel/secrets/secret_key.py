"""The signing keys of the server: loaded, generated and checked."""

import math
import os
from pathlib import Path

from backend.kernel.randomness import Randomness, random_alphanumeric
from backend.kernel.secrets.secret import Secret
from backend.kernel.secrets.signing import Keyring
from backend.kernel.settings import Settings, SettingsError

_HINT = "Generate one with:  python -c 'import secrets; print(secrets.token_urlsafe(48))'"
# Published keys that are long enough to pass the other checks.
_EXAMPLES = {
    "better-auth-secret-12345678901234567890",  # Better Auth's own when none is set
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",  # FastAPI's tutorial
}
_MIN_LENGTH, _MIN_BITS = 32, 120  # bytes; OWASP and ASVS 13.3.1


def load_keyring(settings: Settings, randomness: Randomness) -> Keyring:
    """Load the key ring; raises SettingsError if production lacks a safe SECRET_KEY."""
    key = settings.secret_key or _load_or_generate(settings, randomness)
    keys = [key, *settings.secret_keys_old]
    if settings.production:
        for name, each in [("SECRET_KEY", key), *(("SECRET_KEYS_OLD", old) for old in keys[1:])]:
            _check_strength(name, each)
    return Keyring([each.reveal().encode() for each in keys])


def is_key_generated(settings: Settings) -> bool:
    """Tell whether the key was generated: it is lost with the disk, and all sessions with it."""
    return settings.secret_key is None


def is_example_key(settings: Settings) -> bool:
    """Tell whether a key, old ones included, is published: anyone could sign with it.

    Production does not start with one.
    """
    keys = (settings.secret_key, *settings.secret_keys_old)
    return any(key is not None and key.reveal() in _EXAMPLES for key in keys)


def _load_or_generate(settings: Settings, randomness: Randomness) -> Secret:
    # A freshly duplicated Space has no secrets: it must start, and the panel says what to do.
    # With a durable database a lost key would end all sessions, so there the setting is required.
    if settings.production and (not settings.space_id or settings.database_url):
        raise SettingsError(f"SECRET_KEY is not set, but production requires it. {_HINT}")
    file = settings.data_dir / "secret_key"
    if not file.exists():
        return _write_new(file, random_alphanumeric(randomness, 64))
    key = file.read_text("utf-8").strip()
    if len(key) < _MIN_LENGTH:  # torn: it would be easy to guess
        raise SettingsError(
            f"{file} contains an incomplete key. Remove it; the next start generates a new one."
        )
    return Secret(key)


def _write_new(file: Path, key: str) -> Secret:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(key + "\n")
    return Secret(key)


def _check_strength(name: str, key: Secret) -> None:
    text = key.reveal()
    if len(text.encode()) < _MIN_LENGTH:
        raise SettingsError(f"{name} is shorter than {_MIN_LENGTH} characters. {_HINT}")
    if text in _EXAMPLES:
        raise SettingsError(f"{name} is an example from documentation, which anyone knows. {_HINT}")
    bits = len(text) * math.log2(max(len(set(text)), 1))
    if bits < _MIN_BITS or len(set(text)) < 12:
        raise SettingsError(f"{name} is too easy to guess. {_HINT}")

"""Detects passwords made from personal words, which someone who knows the user tries first.

The words are those of the address, the name and the application's name (NIST SP 800-63B-4 3.1.1.2).
A password is made from them if only digits and signs remain without them, so a long and good
password may contain a name. Case, accents, reversed spelling and look-alike digits and signs are
ignored.
"""

import re
import unicodedata
from collections.abc import Iterable

_MIN_WORD_LENGTH = 3  # letters
_LOOK_ALIKES = str.maketrans("@4310!|$57", "aaeloilsst")
_MERGED = str.maketrans("i", "l")  # 1 stands for either


def is_made_from(password: str, texts: Iterable[str]) -> bool:
    """Tell whether a password consists of words of these texts, and of digits and signs."""
    folded = _fold(password)
    words = {word for text in texts for word in _words(text, len(folded))}
    return any(_consists_of(text, words) for text in (folded, _strip_separators(folded)))


def _words(text: str, max_length: int) -> set[str]:
    folded = _fold(text)
    address = folded.rpartition("@")[0]
    whole = {_strip_separators(part) for part in (folded, address)}
    parts = {part for part in re.split(r"[\W\d_]+", folded) if len(part) >= _MIN_WORD_LENGTH}
    forwards = {_replace_lookalikes(word) for word in whole | parts if 0 < len(word) <= max_length}
    forwards = {word for word in forwards if len(word) >= _MIN_WORD_LENGTH}
    return forwards | {word[::-1] for word in forwards}


def _consists_of(text: str, words: set[str]) -> bool:
    letters = _replace_lookalikes(text)
    contained = [word for word in words if word in letters]
    # For each position that can be reached: how many characters of words come before it.
    reached = {0: 0}
    for at, character in enumerate(text):
        if at not in reached:
            continue
        if not character.isalpha():
            reached[at + 1] = max(reached[at], reached.get(at + 1, 0))
        for word in contained:
            if letters.startswith(word, at):
                end = at + len(word)
                reached[end] = max(reached[at] + len(word), reached.get(end, 0))
    return reached.get(len(text), 0) > 0


def _fold(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _strip_separators(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _replace_lookalikes(text: str) -> str:
    return text.translate(_LOOK_ALIKES).translate(_MERGED)

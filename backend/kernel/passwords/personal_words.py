"""Passwords that somebody who knows the person would try first: made from what is known of them.

The words are those of the address, the name and the application's name (NIST SP 800-63B-4 3.1.1.2).
A password is made from them when nothing but digits and signs is left without them, so a long and
good password may hold a name. Case and accents do not count, nor do words spelled backwards or with
the digits and signs that look like letters.
"""

import re
import unicodedata
from collections.abc import Iterable

_LEAST = 3  # letters; what is shorter says nothing about anybody
_LOOK_ALIKES = str.maketrans("@4310!|$57", "aaeloilsst")
_ONE_FOR_BOTH = str.maketrans("i", "l")  # 1 stands for either


def is_made_from(password: str, texts: Iterable[str]) -> bool:
    """Tell whether a password consists of words of these texts, and of digits and signs."""
    folded = _folded(password)
    words = {word for text in texts for word in _words(text, len(folded))}
    return any(_is_all_of(written, words) for written in (folded, _squeezed(folded)))


def _words(text: str, longest: int) -> set[str]:
    folded = _folded(text)
    address = folded.rpartition("@")[0]
    whole = {_squeezed(part) for part in (folded, address)}
    parts = {part for part in re.split(r"[\W\d_]+", folded) if len(part) >= _LEAST}
    forwards = {_as_letters(word) for word in whole | parts if 0 < len(word) <= longest}
    forwards = {word for word in forwards if len(word) >= _LEAST}
    return forwards | {word[::-1] for word in forwards}


def _is_all_of(written: str, words: set[str]) -> bool:
    read = _as_letters(written)
    within = [word for word in words if word in read]
    # For each place up to which it can be so: how many characters of words there are before it.
    reached = {0: 0}
    for at, character in enumerate(written):
        if at not in reached:
            continue
        if not character.isalpha():
            reached[at + 1] = max(reached[at], reached.get(at + 1, 0))
        for word in within:
            if read.startswith(word, at):
                end = at + len(word)
                reached[end] = max(reached[at] + len(word), reached.get(end, 0))
    return reached.get(len(written), 0) > 0


def _folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _as_letters(text: str) -> str:
    return text.translate(_LOOK_ALIKES).translate(_ONE_FOR_BOTH)

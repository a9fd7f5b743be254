"""Journeys and endpoints in words, as HTML."""

import re
from itertools import zip_longest

from panel import shown
from panel.markup import Html, badge, text
from panel.tester.journeys import Found, Progress, Step
from panel.tester.masking import masked, secrets_in
from panel.tester.openapi import Operation
from panel.words import journeys as words
from panel.words import tester as tester_words

_CODE = re.compile(r"`([^`]{1,200})`")
_LONGEST = 4000
_SHOWN = 2  # exchanges of a step; all of them are in the history


def walked(progress: Progress, *, reveal: bool) -> Html:
    """Return a journey's steps: those that were taken can be opened."""
    steps, found = progress.journey.steps, progress.found
    passed = sum(each.passed for each in found)
    mood = "bad" if progress.failed else "good" if progress.over else "turn"
    lines = "".join(
        _step(number, step, come, progress, reveal=reveal)
        for number, (step, come) in enumerate(zip_longest(steps, found), 1)
    )
    verdict = text(words.verdict(passed, len(steps), progress.failed))
    return (
        f"<div class='card'><h3>{text(progress.journey.title)}</h3>"
        f"<p class='told {mood}' role='status'>{verdict}</p>"
        f"<ol class='steps'>{lines}</ol><p class='soft'>{words.OPENS}</p></div>"
    )


def about(operation: Operation) -> Html:
    """Return what an endpoint does, and what it refuses."""
    said = "".join(f"<p>{_prose(each)}</p>" for each in operation.description.split("\n\n"))
    mark = badge(tester_words.NEEDS_SESSION, "turn") if operation.needs_session else ""
    rows = "".join(
        f"<tr><th scope='row'>{text(status)}</th><td>{_prose(meaning)}</td></tr>"
        for status, meaning in operation.answers
    )
    return (
        f"<p class='line'><b>{text(operation.method)}</b> {text(operation.path)} {mark}</p>{said}"
        f"<details class='answers'><summary>{tester_words.MEANS}</summary>"
        f"<table class='pairs'>{rows}</table></details>"
    )


def _step(number: int, step: Step, come: Found | None, progress: Progress, *, reveal: bool) -> Html:
    title, proves = step.told
    if come is None:
        running = not progress.over and number == len(progress.found) + 1
        state = words.RUNNING if running else words.NOT_RUN if progress.over else words.WAITING
        head = _head(title, proves, state, "turn" if running else "")
        return f"<li class='step'>{head}</li>"
    mood, state = ("good", words.DONE) if come.passed else ("bad", words.FAILED)
    opened = "" if come.passed else " open"
    sent = "".join(_opened(come, reveal=reveal)) or f"<p class='soft'>{words.NOTHING_SENT}</p>"
    head = _head(title, proves, state, mood)
    return (
        f"<li class='step {mood}'><details{opened}><summary>{head}</summary>"
        f"<p>{text(come.said)}</p>{sent}</details></li>"
    )


def _head(title: str, proves: str, state: str, mood: str) -> Html:
    return f"<b>{text(title)}</b> {badge(state, mood)}<br><span class='soft'>{text(proves)}</span>"


def _opened(come: Found, *, reveal: bool) -> list[Html]:
    pieces = []
    for exchange in come.exchanges[-_SHOWN:]:
        secrets = [] if reveal else secrets_in(exchange)
        for name, said in (
            (words.REQUEST, shown.requests(exchange)),
            (words.ANSWER, shown.raw(exchange.response)),
        ):
            pieces.append(f"<p class='soft'>{name}</p>{_lines(masked(said, secrets)[:_LONGEST])}")
    return pieces


def _lines(written: str) -> Html:
    """Return text with its lines and its indentation."""
    lines = (
        "&nbsp;" * (len(line) - len(line.lstrip(" "))) + text(line) for line in written.split("\n")
    )
    return f"<p class='wire'>{'<br>'.join(lines)}</p>"


def _prose(said: str) -> Html:
    return _CODE.sub(r"<code>\1</code>", text(said))

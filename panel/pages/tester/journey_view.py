"""Journeys and endpoints in words, as HTML."""

import re
from itertools import zip_longest

from panel.pages.tester import exchange_view
from panel.tester import words as tester_words
from panel.tester.journeys import words
from panel.tester.journeys.runner import Progress, Step, StepResult
from panel.tester.masking import mask_exchange, secrets_in
from panel.tester.openapi import Operation
from panel.ui.markup import Markup, badge, format_rows, pairs, soft, verbatim

_CODE = re.compile(r"`([^`]{1,200})`")
_LONGEST = 4000
_SHOWN = 2  # exchanges of a step; all of them are in the history


def render_progress(progress: Progress, *, reveal: bool) -> Markup:
    """Return a journey's steps: those that were taken can be opened."""
    steps, results = progress.journey.steps, progress.results
    passed = sum(each.passed for each in results)
    severity = "bad" if progress.failed else "good" if progress.is_finished else "warn"
    lines = Markup().join(
        _step(number, step, result, progress, reveal=reveal)
        for number, (step, result) in enumerate(zip_longest(steps, results), 1)
    )
    verdict = words.verdict(passed, len(steps), progress.failed)
    return Markup(
        "<div class='card'><h3>{}</h3><p class='told {}' role='status'>{}</p>"
        "<ol class='steps'>{}</ol>{}</div>"
    ).format(progress.journey.title, severity, verdict, lines, soft(words.OPENS))


def render_operation(operation: Operation) -> Markup:
    """Return what an endpoint does, and what it refuses."""
    paragraphs = ((_prose(each),) for each in operation.description.split("\n\n"))
    mark = badge(tester_words.NEEDS_SESSION, "warn") if operation.needs_session else ""
    answers = pairs((status, _prose(meaning)) for status, meaning in operation.answers)
    return Markup(
        "<p class='line'><b>{}</b> {} {}</p>{}"
        "<details class='answers'><summary>{}</summary>{}</details>"
    ).format(
        operation.method,
        operation.path,
        mark,
        format_rows(Markup("<p>{}</p>"), paragraphs),
        tester_words.MEANS,
        answers,
    )


def _step(
    number: int, step: Step, result: StepResult | None, progress: Progress, *, reveal: bool
) -> Markup:
    title, proves = step.labels
    if result is None:
        running = not progress.is_finished and number == len(progress.results) + 1
        state = (
            words.RUNNING if running else words.NOT_RUN if progress.is_finished else words.WAITING
        )
        head = _head(title, proves, state, "warn" if running else "")
        return Markup("<li class='step'>{}</li>").format(head)
    severity, state = ("good", words.DONE) if result.passed else ("bad", words.FAILED)
    opened = Markup() if result.passed else Markup(" open")
    sent = Markup().join(_show(result, reveal=reveal)) or soft(words.NOTHING_SENT)
    return Markup(
        "<li class='step {}'><details{}><summary>{}</summary><p>{}</p>{}</details></li>"
    ).format(severity, opened, _head(title, proves, state, severity), result.message, sent)


def _head(title: str, proves: str, state: str, severity: str) -> Markup:
    return Markup("<b>{}</b> {}<br><span class='soft'>{}</span>").format(
        title, badge(state, severity), proves
    )


def _show(result: StepResult, *, reveal: bool) -> list[Markup]:
    pieces = []
    for exchange in result.exchanges[-_SHOWN:]:
        seen = exchange if reveal else mask_exchange(exchange, secrets_in(exchange))
        for name, text in (
            (words.REQUEST, exchange_view.requests(seen)),
            (words.ANSWER, exchange_view.raw(seen.response)),
        ):
            pieces.append(soft(name) + _lines(text[:_LONGEST]))
    return pieces


def _lines(text: str) -> Markup:
    """Return text with its lines and its indentation."""
    lines = (
        Markup("&nbsp;") * (len(line) - len(line.lstrip(" "))) + line for line in text.split("\n")
    )
    return Markup("<p class='wire'>{}</p>").format(Markup("<br>").join(lines))


def _prose(text: str) -> Markup:
    """Return text in which code stands between backticks."""
    pieces = _CODE.split(" ".join(text.split()))
    return Markup().join(
        Markup("<code>{}</code>").format(each) if number % 2 else verbatim(each)
        for number, each in enumerate(pieces)
    )

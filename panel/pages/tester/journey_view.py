"""Journeys and endpoints as HTML."""

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
_MAX_TEXT = 4000
_MAX_EXCHANGES = 2  # shown for each step; all are in the history


def render_progress(progress: Progress, *, reveal: bool) -> Markup:
    """Return a journey's steps; those that ran can be expanded."""
    steps, results = progress.journey.steps, progress.results
    passed = sum(each.passed for each in results)
    severity = "bad" if progress.failed else "good" if progress.is_finished else "warn"
    lines = Markup().join(
        _step(number, step, result, progress, reveal=reveal)
        for number, (step, result) in enumerate(zip_longest(steps, results), 1)
    )
    verdict = words.verdict(passed, len(steps), progress.failed)
    return Markup(
        "<div class='card'><h3>{}</h3><p class='note {}' role='status'>{}</p>"
        "<ol class='steps'>{}</ol>{}</div>"
    ).format(progress.journey.title, severity, verdict, lines, soft(words.OPENS))


def render_operation(operation: Operation) -> Markup:
    """Return an endpoint's description and its responses."""
    texts = [f"{operation.summary}.", *filter(None, operation.description.split("\n\n"))]
    paragraphs = ((_prose(each),) for each in texts)
    mark = badge(tester_words.NEEDS_SESSION, "warn") if operation.needs_session else ""
    responses = pairs((status, _prose(meaning)) for status, meaning in operation.responses)
    return Markup(
        "<p class='line'><b>{}</b> {} {}</p>{}"
        "<details class='answers'><summary>{}</summary>{}</details>"
    ).format(
        operation.method,
        operation.path,
        mark,
        format_rows(Markup("<p>{}</p>"), paragraphs),
        tester_words.RESPONSES,
        responses,
    )


def _step(
    number: int, step: Step, result: StepResult | None, progress: Progress, *, reveal: bool
) -> Markup:
    title, meaning = step.labels
    if result is None:
        running = not progress.is_finished and number == len(progress.results) + 1
        state = (
            words.RUNNING if running else words.NOT_RUN if progress.is_finished else words.WAITING
        )
        head = _head(title, meaning, state, "warn" if running else "")
        return Markup("<li class='step'>{}</li>").format(head)
    severity, state = ("good", words.DONE) if result.passed else ("bad", words.FAILED)
    is_open = Markup() if result.passed else Markup(" open")
    sent = Markup().join(_render_exchanges(result, reveal=reveal)) or soft(words.NOTHING_SENT)
    return Markup(
        "<li class='step {}'><details{}><summary>{}</summary><p>{}</p>{}</details></li>"
    ).format(severity, is_open, _head(title, meaning, state, severity), result.message, sent)


def _head(title: str, meaning: str, state: str, severity: str) -> Markup:
    return Markup("<b>{}</b> {}<br><span class='soft'>{}</span>").format(
        title, badge(state, severity), meaning
    )


def _render_exchanges(result: StepResult, *, reveal: bool) -> list[Markup]:
    pieces = []
    for exchange in result.exchanges[-_MAX_EXCHANGES:]:
        visible = exchange if reveal else mask_exchange(exchange, secrets_in(exchange))
        for name, text in (
            (words.REQUEST, exchange_view.format_requests(visible)),
            (words.RESPONSE, exchange_view.format_response(visible.response)),
        ):
            pieces.append(soft(name) + _lines(text[:_MAX_TEXT]))
    return pieces


def _lines(text: str) -> Markup:
    """Return text with line breaks and indentation preserved."""
    lines = (
        Markup("&nbsp;") * (len(line) - len(line.lstrip(" "))) + line for line in text.split("\n")
    )
    return Markup("<p class='wire'>{}</p>").format(Markup("<br>").join(lines))


def _prose(text: str) -> Markup:
    """Return text with code between backticks."""
    pieces = _CODE.split(" ".join(text.split()))
    return Markup().join(
        Markup("<code>{}</code>").format(each) if number % 2 else verbatim(each)
        for number, each in enumerate(pieces)
    )

"""The Overview: the server's health, key figures and the latest events."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import gradio as gr

from panel.client.api import ApiError
from panel.pages.events import audit_table
from panel.pages.overview import health, words
from panel.services import PageContext, Services
from panel.ui import charts, timestamps
from panel.ui import words as common_words
from panel.ui.charts import Chart, Series
from panel.ui.layout import Components, refresh_button
from panel.ui.markup import FIGURE, Markup, alert, format_rows, heading, link, loading_state
from panel.ui.wiring import Updates, explain, on

_EVENTS = 8
_LOADING = loading_state(common_words.LOADING)
_PERIODS = {"24h": ("hour", 24), "7d": ("day", 7), "30d": ("day", 30)}
"""The unit of each period, and how many units it has."""


class OverviewPage(Components):
    """The page."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="titled"):
            gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
            self.updated = gr.Markdown(elem_id="updated", elem_classes="soft")
            self.refresh = refresh_button(stays_fresh=True).click
        self.figures = gr.Markdown(_LOADING, elem_id="figures", min_height=84)
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=380):
                self.state = gr.Markdown(
                    _LOADING, elem_id="health", latex_delimiters=[], min_height=320
                )
            with gr.Column(scale=7, min_width=680):
                self.latest = gr.Markdown(
                    _LOADING, elem_id="latest", latex_delimiters=[], min_height=320
                )
        self.period = gr.Radio(words.PERIODS, value="24h", label=words.PERIOD, elem_id="period")
        self.charts = gr.Markdown(_LOADING, elem_id="charts", min_height=300)
        self.inputs = [self.period]

    async def render(self, context: PageContext, period: str) -> Updates:
        """Load and show everything. If that fails, what was shown stays.

        It runs every few seconds, so an error is shown in the page: no toast.
        """
        now = context.now()
        ready = await context.get_ready()
        try:
            status, users, stats, day, events = await _read(context, period)
        except ApiError as refused:
            updates = {self.updated: alert(explain(refused))}
            away = {self.state: health.render(health.assess(None, ready, now))}
            return updates | away if refused.status == 503 else updates
        return {
            self.updated: Markup("<p>{}</p>").format(words.AS_OF.format(f"{now:%H:%M:%S} UTC")),
            self.figures: render_figures(users["total"], day["buckets"]),
            self.state: health.render(health.assess(status, ready, now)),
            self.latest: _latest(events, now),
            self.charts: render_charts(stats["buckets"], period),
        }


def build(blocks: gr.Blocks, services: Services) -> OverviewPage:
    """Lay out the page."""
    page = OverviewPage()
    triggers = [blocks.load, page.refresh, page.period.input]
    on(services, triggers, page.render, page.inputs, page.outputs)
    return page


async def _read(context: PageContext, period: str) -> list[Any]:
    get = context.get
    unit, number = _PERIODS[period]
    width = timedelta(hours=1) if unit == "hour" else timedelta(days=1)
    since = (context.now() - (number - 1) * width).isoformat()
    yesterday = (context.now() - timedelta(hours=23)).isoformat()
    return list(
        await asyncio.gather(
            get("/api/admin/status"),
            get("/api/admin/users", limit=1),
            get("/api/admin/stats", by=unit, **{"from": since}),
            get("/api/admin/stats", by="hour", **{"from": yesterday}),
            get("/api/admin/events", limit=_EVENTS),
        )
    )


def render_figures(users: int, day: Sequence[dict[str, Any]]) -> Markup:
    """Return the key figures; `day` is the last 24 hours, by hour."""
    failures = sum(each["signInFailures"] for each in day)
    values = (users, day[-1]["activeSessions"], sum(each["signIns"] for each in day), failures)
    severities = ("", "", "", "bad" if failures else "")
    numbers = (f"{each:,}" for each in values)
    cells = format_rows(FIGURE, zip(severities, words.FIGURES, numbers, strict=True))
    return Markup("<div class='figures four'>{}</div>").format(cells)


def render_charts(buckets: Sequence[dict[str, Any]], period: str) -> Markup:
    """Return the charts of a period."""
    labels = [_label(each["start"], _PERIODS[period][0]) for each in buckets]

    def series(name: str, key: str) -> Series:
        return Series(name, [each[key] for each in buckets])

    failures = series(words.FAILURES, "signInFailures")
    drawn = [
        Chart(words.SIGN_INS, labels, [series(words.SIGN_INS, "signIns"), failures]),
        Chart(words.SIGN_UPS, labels, [series(words.SIGN_UPS, "signUps")]),
        Chart(words.LIVE_TITLE, labels, [series(words.LIVE, "activeSessions")], "lines"),
    ]
    return Markup("<div class='charts'>{}</div>").format(Markup().join(map(charts.render, drawn)))


def _label(start: str, unit: str) -> str:
    then = timestamps.parse(start)
    return f"{then:%H:%M}" if unit == "hour" else f"{then:%-d %b}"


def _latest(page: dict[str, Any], now: datetime) -> Markup:
    hint = words.NO_EVENTS_HINT
    events_table = audit_table.render(page, now, empty_text=words.NO_EVENTS, hint=hint)
    more = link(words.ALL_EVENTS, "events")
    return Markup("<h2>{}</h2>{}<p class='more'>{}</p>").format(words.LATEST, events_table, more)

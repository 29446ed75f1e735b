"""The figures of the page: rates over time, bytes over time, failures by reason."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from bokeh.models import AdaptiveTicker, ColumnDataSource, CustomJSTickFormatter, DatetimeTicker, HoverTool
from bokeh.palettes import Category10_10
from bokeh.plotting import figure

from dmedia.run.dashboard.history import summed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.run.dashboard.board import JobOnBoard

LINES = 10
"""Jobs with a line of their own: more colours could not be told apart."""

MOST_REASONS = 8
"""Reasons with a bar of their own."""

FEWEST_REASONS = 5
"""Rows of the figure, of which some may be empty."""

FAILED = "#cc3311"
READ, WRITTEN = "#0077bb", "#ee7733"
"""Paul Tol's vibrant colours, which people who see colours differently can tell apart: https://personal.sron.nl/~pault/."""

TIME_OF_DAY = """
const at = new Date(tick), two = (n) => String(n).padStart(2, '0');
return two(at.getHours()) + ':' + two(at.getMinutes()) + ':' + two(at.getSeconds());
"""

CLOCK = """
const s = Math.round(tick), two = (n) => String(n).padStart(2, '0');
if (s < 60) return s + 's';
if (s < 3600) return Math.floor(s / 60) + 'm' + (s % 60 ? ' ' + two(s % 60) + 's' : '');
return Math.floor(s / 3600) + 'h' + (s % 3600 ? ' ' + two(Math.floor(s % 3600 / 60)) + 'm' : '');
"""
"""As `dmedia.report.summary.clock` shows a duration."""

SIZE = """
let n = tick, units = ['B', 'kB', 'MB', 'GB', 'TB'], i = 0;
while (n >= 1000 && i < 4) { n /= 1000; i += 1; }
return (n >= 100 || Number.isInteger(n) ? n.toFixed(0) : n.toFixed(1)) + ' ' + units[i];
"""
"""As `dmedia.report.summary.size` shows bytes."""

COUNT = "return tick >= 1000 ? tick.toLocaleString('en') : String(Math.round(tick * 100) / 100);"


class OverTime:
    """Lines over the time of day, one for each job.

    Parameters
    ----------
    title : str
        With its unit.
    field : str
        Of `history.Point`.
    formatter : str
        JavaScript that writes a tick of the y axis.
    """

    def __init__(self, title: str, field: str, formatter: str) -> None:
        self._field = field
        self.source = ColumnDataSource({"x": [], "y": [], "colour": [], "job": []})
        self.root = plot(title, formatter)
        self.root.multi_line("x", "y", source=self.source, line_color="colour", line_width=2, line_join="round")
        if formatter is CLOCK:
            self.root.yaxis.ticker = AdaptiveTicker(base=60, mantissas=[1, 2, 5, 10, 15, 30], desired_num_ticks=4)
        self.root.add_tools(HoverTool(tooltips=[("job", "@job")]))

    def update(self, jobs: Sequence[JobOnBoard]) -> None:
        """Draw these jobs; see `Board.shown`."""
        drawn = jobs[:LINES]
        points = [[point for point in job.history.points if getattr(point, self._field) is not None] for job in drawn]
        put(
            self.source,
            {
                "x": [[1000 * point.at_s for point in line] for line in points],
                "y": [[getattr(point, self._field) for point in line] for line in points],
                "colour": list(Category10_10[: len(drawn)]),
                "job": [f"{job.document['operation']} {job.document['id']}" for job in drawn],
            },
        )


class BytesOverTime:
    """Bytes a second, read and written, of all jobs that are shown together."""

    def __init__(self) -> None:
        self.source = ColumnDataSource({"x": [], "read": [], "written": []})
        self.root = plot("Bytes per second", SIZE)
        for what, colour in (("read", READ), ("written", WRITTEN)):
            self.root.line("x", what, source=self.source, line_color=colour, line_width=2, legend_label=what)
        (legend,) = self.root.legend
        self.root.add_layout(legend, "above")
        legend.update(orientation="horizontal", background_fill_color=None, border_line_color=None, padding=0, margin=0)

    def update(self, jobs: Sequence[JobOnBoard]) -> None:
        """Draw both."""
        points = summed([job.history.points for job in jobs])
        put(
            self.source,
            {
                "x": [1000 * point.at_s for point in points],
                "read": [point.bytes_in_per_s for point in points],
                "written": [point.bytes_out_per_s for point in points],
            },
        )


class Reasons:
    """Failures by reason, of all jobs that are shown together."""

    def __init__(self) -> None:
        self.source = ColumnDataSource({"reason": [], "count": [], "label": []})
        self.root = plain_figure(
            title="Failures by reason",
            x_range=(0, 1),
            y_range=[" "],
        )
        self.root.hbar(y="reason", right="count", height=0.6, source=self.source, fill_color=FAILED, line_color=None)
        self.root.text(
            x="count", y="reason", text="label", source=self.source, x_offset=5, text_baseline="middle",
            text_font_size="12px",
        )  # fmt: skip
        self.root.xgrid.visible = self.root.ygrid.visible = self.root.xaxis.visible = False
        dress(self.root)
        self.root.yaxis.major_tick_line_color = None

    def update(self, jobs: Sequence[JobOnBoard]) -> None:
        """Draw the most frequent reasons, the most frequent on top."""
        counts: Counter[str] = Counter()
        for job in jobs:
            counts.update(job.document["errors"])
        common = counts.most_common(MOST_REASONS)[::-1]
        blank = [
            " " * number for number in range(1, 1 + max(0, FEWEST_REASONS - len(common)))
        ]  # so that bars stay thin
        data = {
            "reason": [reason for reason, _ in common],
            "count": [count for _, count in common],
            "label": [f"{count:,}" for _, count in common],
        }
        if data != self.source.data:
            self.root.y_range.factors = [*blank, *(reason for reason, _ in common)]
            most = max(counts.values(), default=1)
            self.root.x_range.end = most * (1.15 + 0.07 * len(f"{most:,}"))  # room for the number
            self.source.data = data


def plot(title: str, formatter: str) -> Any:
    """Make an empty figure over the time of day in the visitor's own zone."""
    shape = plain_figure(
        title=title,
        x_axis_type="datetime",
        min_border_left=60,
    )
    shape.xaxis.ticker = DatetimeTicker(desired_num_ticks=3)
    shape.xaxis.formatter = CustomJSTickFormatter(code=TIME_OF_DAY)
    shape.yaxis.formatter = CustomJSTickFormatter(code=formatter)
    shape.y_range.start = 0
    shape.y_range.range_padding = 0.1
    shape.y_range.min_interval = 1
    shape.x_range.min_interval = shape.x_range.default_span = 30_000  # ms: a short job's ticks differ, too
    shape.xgrid.visible = False
    dress(shape)
    return shape


def plain_figure(**options: Any) -> Any:
    """Make a figure that fills its place and has no tools; Bokeh's own annotations know only its final types."""
    return figure(toolbar_location=None, tools="", sizing_mode="stretch_both", **options)


def dress(shape: Any) -> None:
    """Give a figure the page's look."""
    shape.title.text_font_size = "13px"
    shape.outline_line_color = None
    shape.axis.axis_line_color = "#bbbbbb"
    shape.axis.major_tick_line_color = "#bbbbbb"
    shape.axis.minor_tick_line_color = None
    shape.axis.major_label_text_font_size = "12px"
    shape.ygrid.grid_line_color = "#eeeeee"


def put(source: ColumnDataSource, data: dict[str, Any]) -> None:
    """Send data to the visitor, if they are others than before."""
    if source.data != data:
        source.data = data

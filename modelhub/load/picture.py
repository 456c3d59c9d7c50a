"""Draws a load test: latency, throughput, the first token and failures against the load, in black and white as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from modelhub.load.plan import LOADS
from modelhub.load.report import find_answer_rate, find_failed_share, find_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

Levels = Sequence[Mapping[str, Any]]
ENDINGS = (".png", ".svg", ".pdf")
_TITLES = {"closed": ("closed loop", "calls at a time"), "open": ("open loop", "calls arriving per second")}
# A model has a colour, a marker and a lightness of its own; a percentile has a style of line.
_COLOURS = ("#0b3c5d", "#d1603d", "#5b8e7d", "#8f5da8", "#b08a2e", "#6b6b6b")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_STYLES: dict[str, Literal["-", "--", ":"]] = {"p50": "-", "p95": "--", "p99": ":"}
_SETTINGS: dict[str, Any] = {
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    "svg.hashsalt": "modelhub",
    "svg.fonttype": "none",
}
_NAMED = 2  # models that a title can name
_WIDE = 30  # times the least load from which on the axis of loads is logarithmic


def is_possible() -> bool:
    """Whether matplotlib is installed."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def draw(levels: Levels, file: Path, objectives: Mapping[str, float] | None = None) -> None:
    """Write a picture of ``levels``, in the format of the ending of ``file``; the two kinds of loop stand apart."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    modes = [mode for mode in LOADS if any(level["mode"] == mode for level in levels)]
    names = list(dict.fromkeys(str(level["name"]) for level in levels))
    with rc_context(cast("Any", _SETTINGS)):
        figure = Figure(figsize=(7.4, 5.1 * len(modes) + 0.3), layout="constrained")
        cast("Any", figure.get_layout_engine()).set(w_pad=0.1, h_pad=0.08)
        parts = figure.subfigures(len(modes), 1, squeeze=False)[:, 0]
        for mode, part in zip(modes, parts, strict=True):
            _draw_mode(part, mode, [level for level in levels if level["mode"] == mode], names, objectives or {})
        figure.savefig(file, dpi=130, metadata={"Date": None} if file.suffix == ".svg" else None)


def _draw_mode(
    part: SubFigure, mode: str, levels: Levels, names: Sequence[str], objectives: Mapping[str, float]
) -> None:
    title, load = _TITLES[mode]
    whose = " and ".join(names) if len(names) <= _NAMED else f"{len(names)} models"
    part.suptitle(f"{whose}, {title}", x=0.015, ha="left", fontsize=11, weight="bold")
    (latency, throughput), (first, failures) = part.subplots(2, 2)
    series = {name: sorted((x for x in levels if x["name"] == name), key=find_size) for name in names}
    _draw_times(latency, series, "latency", objectives)
    _draw_throughput(throughput, series)
    _draw_times(first, series, "ttft", objectives)
    _draw_failures(failures, series)
    for axes in (latency, throughput, first, failures):
        _set_loads(axes, sorted({find_size(level) for level in levels}))
    for axes in (first, failures):
        axes.set_xlabel(load)
    _add_legend(part, names)


def _plot(axes: Axes, number: int, levels: Levels, read: Callable[[Mapping[str, Any]], Any], style: str) -> bool:
    """Draw one line, if there is anything to draw."""
    points = [(find_size(level), value) for level in levels if (value := read(level)) is not None]
    if points:
        colour = _COLOURS[number % len(_COLOURS)]
        # Markers of the middle percentile are filled, so that lines can be told apart where they cross.
        face = colour if style == "-" else "white"
        marker = _MARKERS[number % len(_MARKERS)]
        axes.plot(*zip(*points, strict=True), linestyle=style, color=colour, marker=marker, markerfacecolor=face)
    return bool(points)


def _draw_times(axes: Axes, series: Mapping[str, Levels], measure: str, objectives: Mapping[str, float]) -> None:
    times = [level[measure]["p99"] or 0.0 for levels in series.values() for level in levels]
    most = objectives.get(measure)
    scale, unit = (1, "s") if max([*times, most or 0.0], default=0.0) >= 1 else (1000, "ms")
    drawn = False
    for number, levels in enumerate(series.values()):
        for name, style in _STYLES.items():
            drawn |= _plot(axes, number, levels, partial(_read_time, measure, name, scale), style)
    title = {"latency": "latency", "ttft": "time to first token"}[measure]
    axes.set_title(f"{title}, {unit}{' (grey: the objective)' if drawn and most is not None else ''}")
    if not drawn:
        _say_nothing(axes, "no streams: ask for them with --stream" if measure == "ttft" else "no answers")
    elif most is not None:
        axes.axhline(most * scale, color="#9a9a9a", linewidth=1.6, zorder=1.9)
    axes.set_ylim(bottom=0)


def _read_time(measure: str, name: str, scale: float, level: Mapping[str, Any]) -> float | None:
    seconds = level[measure][name]
    return None if seconds is None else seconds * scale


def _draw_throughput(axes: Axes, series: Mapping[str, Levels]) -> None:
    good = False
    for number, levels in enumerate(series.values()):
        _plot(axes, number, levels, find_answer_rate, "-")
        good |= _plot(axes, number, levels, lambda level: level["goodput"], "--")
    axes.set_title("answers per second" + (" (dashed: good ones)" if good else ""))
    axes.set_ylim(bottom=0)


def _draw_failures(axes: Axes, series: Mapping[str, Levels]) -> None:
    for number, levels in enumerate(series.values()):
        _plot(axes, number, levels, lambda level: 100 * find_failed_share(level), "-")
    axes.set_title("failed calls, %")
    most = max((find_failed_share(level) for levels in series.values() for level in levels), default=0)
    top = max(108 * most, 5)
    axes.set_ylim(-0.02 * top, top)
    if not most:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color="#777777")


def _say_nothing(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="#777777")
    axes.set_yticks([])


def _set_loads(axes: Axes, sizes: Sequence[float]) -> None:
    if sizes[-1] / sizes[0] >= _WIDE:
        axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.set_xticks([], minor=True)


def _add_legend(part: SubFigure, names: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D(
            [],
            [],
            color="#333333",
            linestyle=style,
            marker="o" if len(names) == 1 else "",
            markerfacecolor="#333333" if style == "-" else "white",
            label=name,
        )
        for name, style in _STYLES.items()
    ]
    if len(names) > 1:
        lines += [
            Line2D([], [], color=_COLOURS[n % len(_COLOURS)], marker=_MARKERS[n % len(_MARKERS)], label=name)
            for n, name in enumerate(names)
        ]
    part.legend(handles=lines, loc="outside lower center", ncols=min(len(lines), 6), frameon=False, handlelength=3)

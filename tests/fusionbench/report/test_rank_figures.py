"""Critical differences, bump charts, parallel coordinates, curves and correlation."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text

from fusionbench.images import read_image
from fusionbench.report.figures import write_rank_figures
from fusionbench.report.figures.bump import parallel_coordinates
from fusionbench.report.figures.correlation import correlation
from fusionbench.report.figures.critical import critical_difference_diagram
from fusionbench.report.figures.curves import curves
from fusionbench.report.figures.style import (
    COLUMN_WIDTH,
    TEXT_WIDTH,
    figure_style,
    looks,
    one_line,
    text_width,
)
from fusionbench.results import Results
from fusionbench.statistics.contests import rank_board

KINDS = ("bump", "cd", "correlation", "curves", "parallel")


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def ranking_of(run, place=0):
    return rank_board(Results.read(run).boards()[place])


@pytest.fixture
def made(builder):
    def make(methods, metrics=("EN@standard", "Nabf@standard"), pairs=6, label="Method_{} $x^2$"):
        generator = np.random.default_rng(0)
        ids = [str(i) for i in range(pairs)]
        builder.dataset("D", ids)
        for name in metrics:
            builder.column(name, "lower" if "Nabf" in name else "higher")
        for k in range(methods):
            builder.method(f"m{k}", label.format(k))
            sign = {name: -1 if "Nabf" in name else 1 for name in metrics}
            noise = generator.normal(size=(pairs, len(metrics))) / 10
            values = {
                i: {n: sign[n] * k + float(noise[p, m]) for m, n in enumerate(metrics)}
                for p, i in enumerate(ids)
            }
            builder.scores("D", f"m{k}", values)
        return builder.write()

    return make


def test_every_kind_for_every_board_and_one_across_conventions(two_by_two):
    run = two_by_two()
    written = write_rank_figures(Results.read(run))
    stems = sorted(p.name for p in written if p.suffix == ".png")
    standard = [f"{kind}_{d}@standard.png" for kind in KINDS for d in ("MSRS", "T_NO")]
    matlab = [f"{kind}_{d}@matlab.png" for kind in ("cd", "curves") for d in ("MSRS", "T_NO")]
    assert stems == sorted([*standard, *matlab, "bump_MSRS.png", "bump_T_NO.png"])
    for path in written:
        if path.suffix == ".png":
            assert np.var(read_image(path)) > 50
        else:
            assert path.read_bytes().startswith(b"%PDF")
            assert b"CreationDate" not in path.read_bytes()


def test_nothing_is_drawn_where_nothing_compares(builder):
    builder.dataset("D", ["a"])
    builder.column("EN@standard")
    builder.method("m")
    builder.scores("D", "m", {"a": {"EN@standard": 1.0}})
    run = builder.write()
    assert write_rank_figures(Results.read(run)) == []


def test_the_best_and_those_asked_for_stand_out(made):
    ranking = ranking_of(made(12))
    chosen = looks(ranking, ["m2", "unknown"])
    standing = [name for name, look in chosen.items() if look.stands_out]
    assert sorted(standing) == ["m10", "m11", "m2", "m8", "m9"]
    assert len({look.colour for look in chosen.values() if look.stands_out}) == 5
    assert chosen["m2"].colour == "#D55E00"
    many = looks(ranking, [f"m{i}" for i in range(12)])
    assert sum(look.stands_out for look in many.values()) == 7


def test_all_stand_out_where_they_are_few(made):
    assert all(look.stands_out for look in looks(ranking_of(made(7)), []).values())


def test_critical_difference_diagram_joins_what_is_no_different(made):
    ranking = ranking_of(made(5))
    with figure_style():
        figure = critical_difference_diagram(ranking)
    said = " ".join(texts(figure))
    assert f"CD = {ranking.overall.critical_difference:.2f}" in said
    assert all(f"Method_{k} $x^2$" in said for k in range(5))
    joined = [c for c in figure.axes[0].collections if 2.4 in c.get_linewidths()]
    bars = joined[0].get_segments()
    assert len(bars) == len([c for c in ranking.overall.cliques if len(c) > 1]) > 0


@pytest.mark.parametrize(
    ("label", "width"), [("Method_{}", COLUMN_WIDTH), ("release, authors' weights, {}", TEXT_WIDTH)]
)
def test_critical_difference_diagram_takes_the_page_before_it_cuts_a_label(made, label, width):
    with figure_style():
        figure = critical_difference_diagram(ranking_of(made(5, label=label)))
    assert figure.get_figwidth() == width
    assert all(label.format(k) in texts(figure) for k in range(5))


def test_parallel_coordinates_run_from_worst_to_best(made):
    with figure_style():
        figure = parallel_coordinates(ranking_of(made(4)))
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert lines["m3"].tolist() == [1, 1]
    assert lines["m0"].tolist() == [0, 0]
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == [f"Method_{k} $x^2$" for k in (3, 2, 1, 0)]


def test_curves_are_sorted_and_carry_the_means(made):
    run = made(3)
    with figure_style():
        (figure,) = curves(ranking_of(run))
    panel = figure.axes[0]
    segments = [s for c in panel.collections for s in c.get_segments()]
    values = sorted(
        v for r in Results.read(run).every for v in r.cell(run.manifest.columns[0]).values.values()
    )
    assert sorted(y for segment in segments for y in segment[:, 1]) == pytest.approx(values)
    for segment in segments:
        assert (np.diff(segment, axis=0) >= 0).all()
        assert segment[-1, 0] == 1
    shown = [text.get_text() for text in panel.get_legend().get_texts()]
    assert [text.rsplit(" ", 1)[0] for text in shown] == [f"Method_{k} $x^2$" for k in (2, 1, 0)]


def test_sixteen_metrics_take_two_sheets(made):
    metrics = [f"M{i}@standard" for i in range(16)]
    with figure_style():
        sheets = list(curves(ranking_of(made(2, metrics, pairs=3))))
    assert [len(sheet.axes) for sheet in sheets] == [15, 1]


def test_correlation_counts_agreement_on_what_is_good(made):
    ranking = ranking_of(made(6))
    with figure_style():
        figure = correlation(ranking)
    numbers = [
        text for text in texts(figure.axes[0].figure) if text.startswith((".9", "−.", "1.00"))
    ]
    assert numbers.count("1.00") >= 2
    assert any(text.startswith(".9") for text in numbers)


@pytest.mark.slow
def test_forty_methods_fit_the_page(made):
    run = made(40)
    written = write_rank_figures(Results.read(run), ["m3"])
    for path in written:
        if path.suffix == ".png":
            height, width = read_image(path).shape[:2]
            assert width <= 7.17 * 300
            assert height <= 9.5 * 300


def test_long_labels_are_cut_to_one_line():
    text = "A rather long name of a method (multi scale)"
    assert one_line(text, 9, 7) == text
    cut = one_line(text, 1.0, 7)
    head, tail = cut.split("…")
    assert text.startswith(head) and text.endswith(tail) and len(head) >= len(tail) > 3
    assert text_width(cut, 7) <= 1.0


def test_long_labels_leave_room_for_the_figure(builder):
    builder.dataset("D", ["a", "b", "c"])
    for name in ("EN@standard", "SD@standard", "EN@vifb"):
        builder.column(name)
    for k in range(3):
        builder.method(f"m{k}", f"A rather long name of a method, number {k} " * 2)
        values = {p: {"EN@standard": k, "SD@standard": -k, "EN@vifb": 1} for p in "abc"}
        builder.scores("D", f"m{k}", values)
    run = builder.write()
    names = {p.name for p in write_rank_figures(Results.read(run)) if p.suffix == ".png"}
    assert {"bump_D.png", "bump_D@standard.png", "cd_D@standard.png"} <= names

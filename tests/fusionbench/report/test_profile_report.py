"""Tables and figures of a profile, from records made of thin air."""

from __future__ import annotations

import csv
import io
import itertools
import math
import shutil
import subprocess

import numpy as np
import pytest
from rich.console import Console

from fusionbench.errors import FusionBenchError
from fusionbench.images import read_image
from fusionbench.manifest import MethodRecord
from fusionbench.profiling.ceilings import Ceilings, put_ceilings
from fusionbench.profiling.records import (
    Deviation,
    Drift,
    Measurement,
    Memory,
    MethodProfile,
    ProfileManifest,
    ScopeTimes,
    Size,
    Stats,
    Verdict,
    profile_path,
    write_record,
)
from fusionbench.profiling.results import read
from fusionbench.report.figures.cost import Point, exponent, front, spread
from fusionbench.report.figures.point_labels import Spot, around, covered, place
from fusionbench.report.profile import known_profile, lay_out, profile_tables, write_profile
from fusionbench.results import Results
from fusionbench.tables.terminal import Shown

VGA, XGA = Size(width=640, height=480), Size(width=1024, height=768)
GPU, CPU = "NVIDIA H100 80GB HBM3", "Some_CPU @ 2.0GHz"
PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage[a4paper,margin=20mm]{geometry}
\usepackage{booktabs,graphicx}
\begin{document}"""
VERSIONS = {"fusionbench": "9.8.7", "torch": "2.13.0", "cuda": "13.0", "numpy": "2.4"}


def stats(median, n=120):
    return Stats(n=n, median=median, iqr=0.03 * median, p90=1.1 * median, min=0.9 * median)


def times(median, *, gpu, short=""):
    return ScopeTimes(
        wall_ms=stats(median * 1.25 if gpu else median),
        device_ms=stats(median) if gpu else None,
        wall_samples_ms=[median],
        device_samples_ms=[median] if gpu else None,
        warmup_calls=10,
        warmup_s=1.0,
        short=short,
    )


def row(ms, *, gpu=True, size=VGA, variant="fp32", macs=None, parameters=None, **facts):
    scopes = {"method": times(ms, gpu=gpu), "end_to_end": times(ms + 30, gpu=gpu)}
    if macs:
        scopes["model"] = times(0.8 * ms, gpu=gpu)
    memory = Memory(how="x", **({"allocated": 250_000_000} if gpu else {"rss_growth": 90_000_000}))
    counted = macs or 0
    flops = {"macs": macs, "bytes_moved": counted // 10, "uncounted": {"gelu": 52, "add": 3}}
    made = {
        "variant": variant,
        "size": size,
        "images": "made up",
        "hash": "h",
        "position": 0,
        "device_kind": "cuda" if gpu else "cpu",
        "device_name": GPU if gpu else CPU,
        "threads": 16 if gpu else 1,
        "cold_start_ms": 5 * ms,
        "scopes": scopes,
        "memory": memory,
        "parameters": parameters,
        "flops": flops if macs else None,
        "verdict": Verdict(light="green"),
    }
    return Measurement(**{**made, **facts})


def broken(error, **facts):
    return row(1, **facts, scopes={}, memory=None, verdict=None, error=error, traceback="...")


class Folder:
    """Writes ``profile/`` of a run."""

    def __init__(self, root):
        self.root, self.methods = root, {}

    def add(self, name, label, *rows):
        self.methods[name] = MethodProfile(
            method=name, label=label, family="cnn", versions=VERSIONS, seed=0, rows=list(rows)
        )

    def write(self, drift=None):
        records = [
            MethodRecord(name=m.method, label=m.label, family=m.family, fingerprint="f")
            for m in self.methods.values()
        ]
        manifest = ProfileManifest(
            command="fusionbench profile",
            configuration={},
            versions=VERSIONS,
            hardware={},
            seed=0,
            order=list(self.methods),
            settings={},
            methods=records,
            drift=drift,
        )
        write_record(self.root / "profile" / "manifest.json", manifest)
        for name, method in self.methods.items():
            write_record(profile_path(self.root / "profile", name), method)
        return self.root


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "run")


@pytest.fixture
def mixed(folder):
    """Green, amber, red, failed, too few calls; GPU and CPU; two sizes; two variants."""
    deviation = {"deviation": Deviation(absolute=0.00042, levels=1)}
    amber = Verdict(light="amber", reasons=["IQR is 7.1 % of the median"])
    red = Verdict(light="red", reasons=["throttled: SwPowerCap", "2 other processes_on the GPU"])
    folder.add(
        "cmtfusion",
        "CMTFusion (authors' weights)",
        row(20.04, macs=52_702_617_000, parameters=447_943),
        row(51.3, macs=134_900_000_000, parameters=447_943, size=XGA, verdict=amber),
        row(11.7, variant="amp", **deviation),
        broken("RuntimeError: out of memory {100%}", variant="compile"),
        row(5000, gpu=False, macs=52_702_617_000, parameters=447_943),
    )
    folder.add(
        "densefuse",
        "DenseFuse_50% & more",
        row(6.5, macs=27_000_000_000, parameters=74_193, verdict=red),
        row(16.5, macs=69_100_000_000, parameters=74_193, size=XGA),
        row(5.1, variant="amp", **deviation),
    )
    folder.add("gtf", "GTF", row(2210.4, gpu=False), broken("ValueError: no", gpu=False, size=XGA))
    few = {"method": times(64_000, gpu=False, short="one call takes 64 s")}
    folder.add("latlrr", "LatLRR", row(64_000, gpu=False, scopes=few))
    folder.write(Drift(method="cmtfusion", size=VGA, first_ms=25.05, again_ms=24.875))
    facts = {"device_kind": "cuda", "device_name": GPU, "threads": 16, "side": 8192}
    rates = {"flops_per_second": 5.1e13, "bytes_per_second": 2.9e12, "elements": 2**27}
    put_ceilings(folder.root / "profile", Ceilings(**facts, **rates))
    return folder.root


def table_of(root, place, kind="cost"):
    profile = read(root)
    return lay_out(profile, profile.blocks[place], kind)


def cells(table, line):
    heads = [head.text for head in table.headers]
    found = {h: c.text for h, c in zip(heads, table.lines[line].cells, strict=True)}
    return {"": table.lines[line].label.text, **found}


def test_a_block_for_each_device_and_size_gpu_first(mixed):
    found = [(b.where.device_kind, b.where.size) for b in read(mixed).blocks]
    assert found == [
        ("cuda", "640×480"),
        ("cuda", "1024×768"),
        ("cpu", "640×480"),
        ("cpu", "1024×768"),
    ]


def test_numbers_of_a_line(mixed):
    assert cells(table_of(mixed, 0), 0) == {
        "": "CMTFusion (authors' weights)",
        "Params (M)": "0.448",
        "MACs (G)": "52.7",
        "FLOPs (G)": "105",
        "Time (ms)": "20.0",
        "Model (ms)": "16.0",
        "End to end (ms)": "62.5",
        "Memory (MB)": "250",
    }


def test_variants_stand_beside_float32(mixed):
    assert cells(table_of(mixed, 0, "variants"), 0) == {
        "": "CMTFusion (authors' weights)",
        "fp32 (ms)": "20.0",
        "amp (ms)": "11.7",
        "amp dev.": "4.2e-04",
        "compile (ms)": "",
        "compile dev.": "",
    }


def test_methods_without_a_network_have_dashes(mixed):
    table = table_of(mixed, 2)
    gtf = cells(table, 1)
    assert gtf[""] == "GTF"
    assert [gtf[h] for h in ("Params (M)", "MACs (G)", "FLOPs (G)", "Model (ms)")] == [""] * 4
    assert (gtf["Time (ms)"], gtf["Memory (MB)"]) == ("2210", "90.0")


def test_cpu_numbers_stand_in_no_gpu_table(mixed):
    gpu = [line.label.text for place in (0, 1) for line in table_of(mixed, place).lines]
    assert "GTF" not in gpu and "LatLRR" not in gpu
    texts = [
        c.text for place in (0, 1) for line in table_of(mixed, place).lines for c in line.cells
    ]
    assert "5000" not in texts


def test_gpu_times_are_of_the_gpus_clock_or_absent(folder):
    bare = row(3.0)
    bare.scopes["method"].device_ms = None
    folder.add("a", "A", bare)
    assert cells(table_of(folder.write(), 0), 0)["Time (ms)"] == ""


def test_what_a_footnote_says(mixed):
    gpu = dict(table_of(mixed, 0, "full").notes).values()
    assert set(gpu) == {
        "Failed (compile): RuntimeError: out of memory {100%}",
        "Red: not to be relied on (throttled: SwPowerCap; 2 other processes_on the GPU)",
    }
    assert [text for _, text in table_of(mixed, 1).notes] == ["Amber (IQR is 7.1 % of the median)"]
    assert "n = 120: one call takes 64 s" in dict(table_of(mixed, 2).notes).values()


def test_count_that_failed_is_said(folder):
    folder.add("a", "A", row(3.0, flops_error="TypeError: no"))
    table = table_of(folder.write(), 0)
    assert [text for _, text in table.notes] == ["Could not be counted: TypeError: no"]


def test_caption_names_size_device_threads_versions_and_drift(mixed):
    table = table_of(mixed, 0)
    said = ". ".join([table.heading, *table.caption, *table.remarks])
    for part in ("640×480", GPU, "16 CPU threads", "torch 2.13.0", "cuda 13.0", "CUDA events"):
        assert part in said
    assert "measured first, differed by −0.7 % when measured again last" in said
    for other in (1, 2):
        assert "again last" not in ". ".join(table_of(mixed, other).remarks)
    assert "1 CPU thread" in table_of(mixed, 2).heading


def test_parameters_that_operators_read_come_before_those_of_modules(folder):
    made = row(3.0, macs=10**9, parameters=100_000)
    made.flops["parameters"] = 447_943
    folder.add("a", "A", made)
    assert cells(table_of(folder.write(), 0), 0)["Params (M)"] == "0.448"


def test_csv_has_every_scope_and_clock(mixed):
    write_profile(mixed, None, figures=False)
    lines = list(csv.DictReader((mixed / "profile.csv").read_text().splitlines()))
    own = [
        x for x in lines if (x["method"], x["variant"], x["width"]) == ("cmtfusion", "fp32", "640")
    ]
    gpu = [x for x in own if x["device_kind"] == "cuda"]
    assert {(x["scope"], x["clock"]) for x in gpu} == {
        (scope, clock)
        for scope in ("model", "method", "end_to_end")
        for clock in ("wall", "device")
    }
    assert {x["clock"] for x in own if x["device_kind"] == "cpu"} == {"wall"}
    method = next(x for x in gpu if (x["scope"], x["clock"]) == ("method", "device"))
    assert float(method["median_ms"]) == 20.04
    assert int(method["flops"]) == 2 * int(method["macs"]) == 2 * 52_702_617_000
    failed = [x for x in lines if x["error"]]
    assert [(x["method"], x["scope"]) for x in failed] == [("cmtfusion", ""), ("gtf", "")]


def test_markdown_lists_uncounted_operators_once(mixed):
    write_profile(mixed, None, figures=False)
    text = (mixed / "profile.md").read_text()
    assert text.count("gelu 52") == 2
    assert text.count("\n## Computational cost at") == 4
    assert "| LatLRR | – | – | – | 64000<sup>" in text


@pytest.mark.parametrize("width", [70, 220])
def test_terminal(mixed, width):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(Shown(profile_tables(known_profile(mixed))))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    for part in (
        "640×480",
        "20.0",
        "IQR (%)",
        "Cold start (ms)",
        "DenseFuse_50%",
        "Red: not to be",
    ):
        assert part in text


def test_latex_compiles(mixed, tmp_path):
    write_profile(mixed, None, figures=False)
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    body = (mixed / "profile.tex").read_text()
    (tmp_path / "all.tex").write_text("\n".join([PREAMBLE, body, "\\end{document}\n"]))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "undefined" not in done.stdout


def test_nothing_is_wrong_in_a_table_without_marks(mixed, cli):
    write_profile(mixed, None, figures=False)
    done = cli("latex-check", mixed / "profile.tex")
    assert (done.code, done.out) == (0, "")
    assert "no number is marked" in done.err


def test_nothing_where_there_is_no_profile(tmp_path):
    assert write_profile(tmp_path, None) == []
    with pytest.raises(FusionBenchError, match="holds no profile"):
        known_profile(tmp_path)


def test_same_bytes_again(mixed):
    first = {p: p.read_bytes() for p in write_profile(mixed, None, figures=False)}
    assert {p: p.read_bytes() for p in write_profile(mixed, None, figures=False)} == first


def test_scaling_and_roofline_where_there_is_something_to_draw(mixed):
    written = [p.name for p in write_profile(mixed, None) if p.suffix == ".png"]
    assert written == [
        "scaling_cuda.png",
        "roofline_cuda_640x480.png",
        "roofline_cuda_1024x768.png",
    ]
    for name in written:
        assert float(read_image(mixed / "figures" / name).var()) > 100


def test_pareto_for_each_metric_and_device(mixed, builder):
    builder.dataset("MSRS", ["a"])
    builder.column("Nabf@standard", "lower")
    builder.method("ir", "Infrared", "source")
    for place_, name in enumerate(["cmtfusion", "densefuse", "gtf", "unmeasured"]):
        builder.method(name, {"gtf": "GTF"}.get(name, name))
        builder.scores("MSRS", name, {"a": {"Nabf@standard": 0.1 * place_}})
    builder.scores("MSRS", "ir", {"a": {"Nabf@standard": 0.0}})
    run = builder.write()
    written = {
        p.name for p in write_profile(run.root, Results.read(run)) if p.name.startswith("pareto")
    }
    assert written == {
        f"pareto_Nabf@standard_{device}_640x480.{kind}"
        for device in ("cuda", "cpu")
        for kind in ("png", "pdf")
    }


def test_front_is_what_nothing_beats():
    a, b, c = Point(1, 5, 0, "a"), Point(2, 6, 0, "b"), Point(3, 5.5, 0, "c")
    d, e = Point(2, 6, 0, "d"), Point(0.5, 1, 0, "e")
    assert [p.label for p in front([c, b, a, d, e], "higher")] == ["e", "a", "b", "d"]
    assert [p.label for p in front([c, b, a, d, e], "lower")] == ["e"]


def test_names_of_a_crowd_do_not_overlap():
    at = np.array([(100.0 + 9 * (k % 6), 90.0 + 7 * (k // 6)) for k in range(30)])
    spots = [Spot(0, 0, f"Method {k}", 2.5) for k in range(30)]
    marks, room = around(at, 2.5), np.array([0.0, 0, 360, 230])
    boxes = place(spots, at, marks, room, 6)
    assert (boxes >= room[[0, 1, 0, 1]]).all() and (boxes <= room[[2, 3, 2, 3]]).all()
    assert covered(boxes, marks).max() < 1e-6
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    assert covered(boxes, boxes) == pytest.approx(areas)


def test_areas_that_boxes_cover():
    boxes = np.array([[0.0, 0, 4, 4], [10, 10, 11, 11]])
    assert covered(boxes, np.array([[2.0, 3, 9, 9], [0, 0, 1, 1]])).tolist() == [3, 0]
    assert covered(boxes, np.zeros((0, 4))).tolist() == [0, 0]


def test_spread_keeps_order_and_distance():
    found = spread([0.0, 0.1, 0.15, 3.0, 9.9], 1.0, 0.0, 10.0)
    assert found == sorted(found)
    assert min(b - a for a, b in itertools.pairwise(found)) >= 1 - 1e-9
    assert found[3] == pytest.approx(3.0)
    assert all(-1e-9 <= y <= 10 + 1e-9 for y in found)
    assert spread([1, 1, 1], 5.0, 0.0, 4.0) == [0, 2, 4]


def test_exponent_of_a_power():
    sizes = [0.3, 0.8, 1.3]
    assert math.isclose(exponent(sizes, [3 * x**1.5 for x in sizes]), 1.5)

"""From a request to a plan: every choice resolved and checked, nothing written yet.

What the command line, suites and programs call: :func:`plan`, then :func:`carry_out`; or
:func:`run_request`, which is both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusionbench import console
from fusionbench.choosing import labelled
from fusionbench.conventions import select_columns
from fusionbench.datasets import DataSet, check_pairs, open_dataset, open_folders
from fusionbench.engines import default_workers
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.manifest import DataSetRecord, Manifest, MethodRecord
from fusionbench.names import check_name
from fusionbench.pipeline import Plan, check_datasets, fuse_all, score_all, start
from fusionbench.request import DATASET, DETECTOR, ProfileRequest, Request
from fusionbench.runs import Run
from fusionbench.selecting import listed
from fusionbench.stages.collecting import collect, method_folders
from fusionbench.stages.preparing import Prepared, prepare_methods

if TYPE_CHECKING:
    from fusionbench.detection.planning import DetectionPlan
    from fusionbench.profiling.running import ProfilePlan
    from fusionbench.profiling.settings import ProfileSettings


def plan(
    request: Request,
    prepared: Sequence[Prepared] | None = None,
    data: Sequence[DataSet] | None = None,
    configuration: Mapping[str, Any] | None = None,
) -> Plan:
    """What a run will do: fuse and score, or score images that are there.

    Args:
        request: What is asked for; images are there where it names ``run`` or ``fused``. Its
            plug-ins have to be known (:meth:`Request.with_plugins`).
        prepared: The methods, where they are not those that the request names.
        data: The data sets, likewise.
        configuration: What the manifest keeps of the choices, by default the request's own.

    Raises:
        FusionBenchError: A name, option, file or device that is not there.
        DataError: Pairs are refused; lists every kind.
    """
    if request.run is not None or request.fused is not None:
        return _labelled(_plan_to_score(request), request)
    columns = select_columns(request.metrics, request.convention) if request.metrics else []
    methods = prepare(request) if prepared is None else prepared
    found, findings = open_data(request) if data is None else data, request.findings()
    datasets = check_datasets(found, findings)
    made = Plan(
        out=request.out or Path("results") / "+".join(d.name for d in found),
        datasets=datasets,
        columns=columns,
        prepared=methods,
        device=checked_device(request.device),
        colour=request.colour,
        overwrite=request.overwrite,
        seed=request.seed,
        batch=request.batch,
        workers=request.workers or default_workers(),
        findings=findings.records,
        accept=findings.accept,
        strict=findings.strict,
        configuration=dict(request.recorded() if configuration is None else configuration),
    )
    return _labelled(made, request)


def _labelled(plan: Plan, request: Request) -> Plan:
    """The plan with its methods called as the request wants."""
    if not request.label:
        return plan
    named = {m.name: m for m in labelled(plan.methods, request.label)}
    collected = [named[m.name] for m in plan.collected]
    return replace(plan, prepared=_renamed(plan.prepared, named), collected=collected)


def _renamed(prepared: Sequence[Prepared], named: Mapping[str, MethodRecord]) -> list[Prepared]:
    return [replace(row, record=named[row.record.name]) for row in prepared]


def prepare(request: Request) -> list[Prepared]:
    """The methods that a request names, with their weights and options."""
    return prepare_methods(
        request.methods,
        weights=request.weights or (),
        options=request.option or (),
        device=checked_device(request.device),
        finder=request.finder(),
    )


def _plan_to_score(request: Request) -> Plan:
    """The plan of the images of a run, or of images from elsewhere."""
    if request.run is not None and request.fused is not None:
        raise FusionBenchError("name a run to score, or images from elsewhere with --fused DIR")
    made = _of_folder(request, request.fused) if request.fused else _of_run(request)
    return replace(
        made,
        overwrite=request.overwrite,
        workers=request.workers or default_workers(),
        configuration=request.recorded(),
    )


def _of_run(request: Request) -> Plan:
    assert request.run is not None
    if request.ir_range or request.vis_range or request.resize:
        raise FusionBenchError(
            f"how sources are read is recorded in {request.run}: --ir-range, --vis-range and "
            "--resize are for `fusionbench run` and `fusionbench score --fused`"
        )
    manifest = Manifest.read(request.run)
    return Plan(
        out=request.run,
        datasets=manifest.datasets,
        columns=select_columns(request.metrics, request.convention),
        collected=manifest.methods,
        findings=manifest.findings,
        accept=request.findings().accept,
        strict=request.strict,
        device=str(manifest.hardware["device"]),
    )


def _of_folder(request: Request, fused: Path) -> Plan:

    columns = select_columns(request.metrics, request.convention)
    opened, findings = open_one(request), request.findings()
    folders = method_folders(fused, request.name, opened, findings)
    (record,) = check_datasets([opened], findings)
    collected = collect(folders, record, findings, others=(*opened.pairs, *opened.rest))
    for text in collected.notes:
        console.warn(text)
    return Plan(
        out=request.out or Path("results") / f"{record.name}-{fused.resolve().name}",
        datasets=[collected.dataset],
        columns=columns,
        collected=collected.methods,
        looks=collected.looks,
        findings=findings.records,
        accept=findings.accept,
        strict=findings.strict,
    )


def open_data(request: Request) -> list[DataSet]:
    """Open what ``--dataset``, or ``--ir`` with ``--vis``, asks for; not checked yet.

    Raises:
        FusionBenchError: A data set, split, folder or list of pairs that is not there.
    """
    if request.ir is None and request.vis is None:
        asked = (request.dataset or DATASET).split(",")
        names = dict.fromkeys(name.strip() for name in asked if name.strip())
        found = [open_dataset(name, request.root(), request.split) for name in names]
    elif request.ir is None or request.vis is None:
        raise FusionBenchError("--ir and --vis go together: name both folders")
    else:
        name = check_name(request.dataset or "custom", "data set")
        found = [open_folders(request.ir, request.vis, name)]
    found = [dataset.read_as(request.reading()) for dataset in found]
    if request.pairs is not None:
        found = [dataset.only(request.pairs) for dataset in found]
    return [dataset.first(request.limit) for dataset in found]


def open_one(request: Request) -> DataSet:
    """The same where one data set alone will do.

    Raises:
        FusionBenchError: Several are asked for.
    """
    found, *more = open_data(request)
    if more:
        raise FusionBenchError(
            f"--dataset {request.dataset} names {len(more) + 1} data sets; this takes one at a time"
        )
    return found


def plan_to_detect(
    request: Request,
    datasets: Sequence[DataSetRecord],
    labels: Mapping[str, str] | None = None,
) -> DetectionPlan:
    """The detection that a request asks for.

    Args:
        request: What is asked for.
        datasets: Those of a run, or of one that is planned.
        labels: The label set of each data set by its name, in place of the request's.

    Raises:
        FusionBenchError: A detector, weights or labels that are not there.
        DataError: Labels are malformed, or checks refuse them.
    """
    from fusionbench.boxes import Thresholds
    from fusionbench.detection.finetuning import Schedule
    from fusionbench.detection.planning import plan_detection

    parts = [part for text in request.detector or () for part in listed(text)]
    return plan_detection(
        datasets,
        list(dict.fromkeys(parts)) or [DETECTOR],
        labels=request.labels if labels is None else labels,
        data_root=request.root(),
        thresholds=Thresholds(request.conf, request.iou, request.max_det),
        device=checked_device(request.device),
        finder=request.finder(),
        findings=request.findings(),
        protocol=request.protocol,
        resamples=request.bootstrap,
        seed=request.seed,
        batch=request.batch,
        overwrite=request.overwrite,
        schedule=Schedule(
            epochs=request.epochs,
            size=request.train_size,
            batch=request.train_batch,
            seed=request.seed,
        ),
        configuration=request.recorded(),
    )


def plan_to_profile(request: ProfileRequest) -> ProfilePlan:
    """What ``fusionbench profile`` measures; nothing is written, no GPU is opened.

    Raises:
        FusionBenchError: A name, size or scope that is not known, or weights that are not there.
    """
    from fusionbench.profiling.running import FOLDER, ProfilePlan

    dataset = None
    if request.dataset is not None:
        dataset = check_pairs(open_one(replace(request, limit=1)), skip_bad=False)
    rows = prepare(request)
    named = {m.name: m for m in labelled([r.record for r in rows], request.label or ())}
    return ProfilePlan(
        prepared=_renamed(rows, named),
        settings=_profile_settings(request),
        out=(request.out or Path("results/profile")) / FOLDER,
        dataset=dataset,
        overwrite=request.overwrite,
        configuration=request.recorded(),
    )


def _profile_settings(request: ProfileRequest) -> ProfileSettings:
    from fusionbench.profiling.records import SCOPES, Variant
    from fusionbench.profiling.settings import Effort, ProfileSettings, parse_size

    if request.compare_profiler and not request.device.startswith("cuda"):
        raise FusionBenchError(f"--compare-profiler needs a CUDA --device, got {request.device}")
    wanted: dict[Variant, bool] = {
        "fp32": True,
        "tf32": request.tf32,
        "amp": request.amp,
        "channels-last": request.channels_last,
        "compile": request.compile,
    }
    scopes = [scope.replace("-", "_") for scope in request.scope or ()]
    for scope in set(scopes) - set(SCOPES):
        names = [known.replace("_", "-") for known in SCOPES]
        raise UnknownNameError("scope", scope, names, "fusionbench profile --help")
    return ProfileSettings(
        sizes=tuple(dict.fromkeys(map(parse_size, request.size or ["640x480"]))),
        variants=tuple(variant for variant, is_wanted in wanted.items() if is_wanted),
        scopes=tuple(s for s in SCOPES if not scopes or s in scopes),
        device=request.device,
        threads=request.threads or default_workers(),
        seed=request.seed,
        effort=Effort(calls=request.calls, seconds=request.seconds),
        compare_profiler=request.compare_profiler,
        timeout_s=request.timeout,
    )


def run_request(request: Request) -> Run:
    """Fuse, score, detect and profile as a request asks; its plug-ins have to be known.

    Raises:
        FusionBenchError: A name, option, file or device that is not there.
        DataError: Pairs are refused; lists every kind.
    """
    planned = plan(request)
    detection = plan_to_detect(request, planned.datasets) if request.detect else None
    return carry_out(planned, detection, request.profile)


def carry_out(
    plan: Plan,
    detection: DetectionPlan | None = None,
    profile: ProfileSettings | bool = False,
) -> Run:
    """Fuse, score, detect and profile, as planned; what is done is not done again.

    Args:
        plan: The run.
        detection: Which detectors look at the images, if any do.
        profile: Whether the methods are profiled, and how where not by the defaults.
    """
    run = start(plan)
    fuse_all(run, plan)
    score_all(run, plan)
    if detection is not None:
        from fusionbench.detection.running import detect_all

        detect_all(run, detection)
    if profile:
        from fusionbench.profiling.running import profile_run

        profile_run(run, plan, None if profile is True else profile)
    return run


def checked_device(name: str) -> str:
    """The device's name, once torch is known to have it.

    Raises:
        FusionBenchError: Torch does not know the device, or has none of the kind.
    """
    if name == "cpu":
        return name
    import torch

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise FusionBenchError(f"--device {name}: {str(error).splitlines()[0]}") from error
    return name

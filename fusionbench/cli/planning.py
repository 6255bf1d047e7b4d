"""From a request to a plan: every choice resolved and checked, nothing written yet."""

from __future__ import annotations

from pathlib import Path

from fusionbench import console
from fusionbench.cli.request import Request
from fusionbench.conventions import select_columns
from fusionbench.datasets import DataSet, open_dataset, open_folders
from fusionbench.engines import default_workers
from fusionbench.errors import FusionBenchError
from fusionbench.manifest import Manifest
from fusionbench.names import check_name
from fusionbench.pipeline import Plan, check_datasets
from fusionbench.registry import add_plugin_files
from fusionbench.settings import data_root, weights_folders
from fusionbench.stages.collecting import collect, method_folders
from fusionbench.stages.preparing import prepare_methods
from fusionbench.weights import WeightsFinder

DEFAULT_DATASET = "sample"


def plan_to_fuse(request: Request) -> Plan:
    """The plan of ``run`` and ``fuse``."""
    add_plugin_files(request.plugin or ())
    columns = select_columns(request.metrics, request.convention) if request.metrics else []
    prepared = prepare_methods(
        request.methods,
        weights=request.weights or (),
        options=request.option or (),
        device=checked_device(request.device),
        finder=WeightsFinder(weights_folders(request.weights_dir), download=request.download),
    )
    found, findings = _open(request), request.findings()
    datasets = check_datasets(found, findings)
    return Plan(
        out=request.out or Path("results") / "+".join(d.name for d in found),
        datasets=datasets,
        columns=columns,
        prepared=prepared,
        device=request.device,
        colour=request.colour.value,
        overwrite=request.overwrite.value,
        seed=request.seed,
        batch=request.batch,
        findings=findings.records,
        accept=findings.accept,
        strict=findings.strict,
        workers=request.workers or default_workers(),
        configuration=request.recorded(),
    )


def plan_to_score(request: Request) -> Plan:
    """The plan of ``score``: the images of a run, or images from elsewhere."""
    add_plugin_files(request.plugin or ())
    if request.run is not None and request.fused is None:
        return _plan_of_run(request, request.run)
    if request.fused is not None and request.run is None:
        return _plan_of_folder(request, request.fused)
    raise FusionBenchError("name a run to score, or images from elsewhere with --fused DIR")


def _plan_of_run(request: Request, run: Path) -> Plan:
    if request.ir_range or request.vis_range or request.resize:
        raise FusionBenchError(
            f"how sources are read is recorded in {run}: --ir-range, --vis-range and --resize are "
            "for `fusionbench run` and `fusionbench score --fused`"
        )
    manifest = Manifest.read(run)
    return Plan(
        out=run,
        datasets=manifest.datasets,
        columns=select_columns(request.metrics, request.convention),
        collected=manifest.methods,
        findings=manifest.findings,
        accept=request.findings().accept,
        strict=request.strict,
        device=str(manifest.hardware["device"]),
        overwrite=request.overwrite.value,
        workers=request.workers or default_workers(),
        configuration=request.recorded(),
    )


def _plan_of_folder(request: Request, fused: Path) -> Plan:
    columns = select_columns(request.metrics, request.convention)
    found = _open(request)
    if len(found) > 1:
        raise FusionBenchError("--fused is scored against one data set at a time")
    findings = request.findings()
    folders = method_folders(fused, request.name, found[0], findings)
    (record,) = check_datasets(found, findings)
    collected = collect(folders, record, findings, others=(*found[0].pairs, *found[0].rest))
    for text in collected.notes:
        console.warn(text)
    return Plan(
        out=request.out or Path("results") / f"{record.name}-{fused.resolve().name}",
        datasets=[collected.dataset],
        columns=columns,
        collected=collected.methods,
        findings=findings.records,
        accept=findings.accept,
        strict=findings.strict,
        overwrite=request.overwrite.value,
        workers=request.workers or default_workers(),
        configuration=request.recorded(),
    )


def _open(request: Request) -> list[DataSet]:
    """Open what ``--dataset``, or ``--ir`` with ``--vis``, asks for."""
    if request.ir is None and request.vis is None:
        asked = (request.dataset or DEFAULT_DATASET).split(",")
        names = dict.fromkeys(name.strip() for name in asked if name.strip())
        root = data_root(request.data_root)
        found = [open_dataset(name, root, request.split) for name in names]
    elif request.ir is None or request.vis is None:
        raise FusionBenchError("--ir and --vis go together: name both folders")
    else:
        name = check_name(request.dataset or "custom", "data set")
        found = [open_folders(request.ir, request.vis, name)]
    found = [dataset.read_as(request.reading()) for dataset in found]
    if request.pairs is not None:
        found = [dataset.only(request.pairs) for dataset in found]
    return [dataset.first(request.limit) for dataset in found]


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

"""The front door for programs: :func:`run`, :func:`load` and :func:`dataset`.

:func:`fusionbench.score`, :class:`fusionbench.Scorer`, :func:`fusionbench.fuse` and
:func:`fusionbench.load_method` take images; what is here takes data sets and folders, and does what
the commands of the same names do. Nothing global is left changed: no environment variable, number
of threads or random state.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints, overload

from fusionbench import console, locking
from fusionbench.boxes import Truths
from fusionbench.choosing import Choice
from fusionbench.conventions import convention_named
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.images import U8, read_source
from fusionbench.labels import LabelSet, label_set_names, open_labels
from fusionbench.manifest import DataSetRecord, PairRecord, called
from fusionbench.pipeline import check_datasets, failures, tell
from fusionbench.planning import open_one, run_request
from fusionbench.report import write_report
from fusionbench.report.leaderboard import leaderboard_tables
from fusionbench.request import CONVENTION, DATASET, METHODS, METRICS, Request, joined
from fusionbench.results import Results
from fusionbench.runs import Run as RunFolder
from fusionbench.selecting import listed
from fusionbench.surroundings import kept
from fusionbench.tables.style import TableStyle

if TYPE_CHECKING:
    import pandas as pd

    from fusionbench.frames import Leaderboard
    from fusionbench.plugins import Method
    from fusionbench.statistics.contests import Ranking

Names = str | Sequence[str]
COMMAND = "fusionbench run --help"
STYLE = frozenset(field.name for field in dataclasses.fields(TableStyle))
CHOICE = frozenset(field.name for field in dataclasses.fields(Choice))


def run(
    methods: str | type[Method] | Sequence[str | type[Method]] | None = None,
    dataset: Names | None = None,
    *,
    metrics: Names = METRICS,
    convention: Names = CONVENTION,
    out: str | Path | None = None,
    quiet: bool = False,
    **options: Any,
) -> Run:
    """Fuse, score and report: what ``fusionbench run`` does, resumed where it was stopped.

    Args:
        methods: Names, globs and groups, ``-NAME`` drops; or classes of yours with ``@method``.
            CMTFusion and the baselines for None.
        dataset: Data sets; the sample scenes for None.
        metrics: Names, globs, ``core`` or ``all``; ``NAME@CONVENTION`` picks a convention.
        convention: Conventions of the metrics that name none.
        out: The run's folder, ``results/DATASET`` for None.
        quiet: Show no progress and no remarks; footnotes and the manifest keep them.
        options: The options of ``fusionbench run --help`` under their names with ``_`` for ``-``:
            ``data_root``, ``split``, ``ir`` and ``vis`` (folders), ``limit``, ``device``,
            ``weights`` (also as ``{"cmtfusion": "retrained"}``), ``plugin``, ``detect``,
            ``profile``, ``workers``, ``figures``, ``html`` ...; and ``fused`` (with ``name``): a
            folder of images from elsewhere, which is scored as ``fusionbench score`` does.

    Returns:
        The run, with its tables as frames. Where a method or metric failed on an image,
        :meth:`Run.failures` says why.

    Raises:
        UnknownNameError: A name or option that there is not.
        FusionBenchError: A file, device or value that is not right.
        DataError: Pairs are refused; lists every kind.

    Example:
        >>> import tempfile, fusionbench as fb
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = fb.run("average,ir", out=folder, metrics="EN", limit=1, workers=1,
        ...                   figures=False, html=False, quiet=True)
        ...     made.leaderboard()["method"].tolist()
        ['average', 'ir']
    """
    asked: dict[str, Any] = {**options, "metrics": metrics, "convention": convention}
    brought = "fused" in options or "run" in options
    if brought and methods is not None:
        raise FusionBenchError("got methods and images from elsewhere; expected one of them")
    asked |= {"methods": METHODS if methods is None and not brought else methods or ""}
    asked |= {
        key: value for key, value in (("dataset", dataset), ("out", out)) if value is not None
    }
    request = request_of(**asked)
    with _alone("run", asked, quiet=quiet, wait=request.wait):
        done = run_request(request.with_plugins())
        write_report(Results.read(done), figures=request.figures, html=request.html)
        for line in failures(done):
            console.warn(line)
    return Run(done.root)


def load(folder: str | Path) -> Run:
    """A run that is there, or a folder that ``fusionbench publish`` wrote.

    Raises:
        FusionBenchError: It is none.

    Example:
        >>> import fusionbench as fb
        >>> fb.load("results/field").leaderboard(convention="tang")  # doctest: +SKIP
    """
    return Run(folder)


class Run:
    """A run's folder, whose numbers are read when they are asked for.

    Attributes:
        folder: Where it lies.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser()
        self._run = RunFolder(self.folder)
        self._run.manifest  # noqa: B018  (a folder that is no run is refused at once)

    @cached_property
    def _results(self) -> Results:
        return Results.read(self._run)

    @cached_property
    def _rankings(self) -> Sequence[Ranking]:
        from fusionbench.report.ranks import rankings_of

        return rankings_of(self._results)

    def leaderboard(
        self,
        *,
        methods: Names = "",
        metrics: Names = "",
        convention: Names = "",
        labels: Names | Mapping[str, str] = (),
        sources: bool = True,
        **style: Any,
    ) -> Leaderboard:
        """The means: a row for each method on a data set under a convention.

        Args:
            methods: Methods to show: names, families, globs; ``-NAME`` drops.
            metrics: Metrics to show, likewise; ``NAME@CONVENTION`` picks a convention.
            convention: Conventions to show; those that the run was scored under.
            labels: ``NAME=LABEL``: how methods are called.
            sources: Whether source images are shown.
            style: How a notebook shows it: ``ours``, ``order``, ``std``, ``decimals``, ``marks``,
                ``side_by_side`` (see :class:`fusionbench.tables.style.TableStyle`).

        Returns:
            A frame in full precision, which a notebook shows as the table of the report: rounded,
            best and second marked, with footnotes.

        Raises:
            UnknownNameError: The run has no such method, metric or convention.
        """
        from fusionbench.frames import Leaderboard

        look = _style(style)
        choice = _choice(methods, metrics, convention, labels, sources)
        results = self._results.choose(choice)
        return Leaderboard.of(results.means, leaderboard_tables(results, look))

    def scores(self) -> pd.DataFrame:
        """Every value: ``dataset``, ``split``, ``pair``, ``method``, ``metric``, ``convention``,
        ``better``, ``value`` (NaN where there is none) and ``problem``, which says why.
        """
        return self._results.scores.copy()

    def ranks(self) -> pd.DataFrame:
        """Mean ranks by each metric and overall (1 is best), with Friedman's test and groups."""
        from fusionbench.report.ranks import rank_frame

        return rank_frame(self._rankings)

    def significance(self) -> pd.DataFrame:
        """Every two methods by every metric: difference, its 95 % interval, Wilcoxon's p value."""
        from fusionbench.report.ranks import significance_frame

        return significance_frame(self._rankings)

    def detection(self) -> pd.DataFrame:
        """Average precision of every class and method; no rows for a run without detection."""
        return self._results.detection.copy()

    def profile(self) -> pd.DataFrame:
        """Times, FLOPs and memory as measured; no rows for a run without a profile."""
        return self._results.profile.copy()

    def methods(self) -> pd.DataFrame:
        """The methods: weights with their checksums, options, what they were trained on."""
        return self._results.methods.copy()

    def pairs(self) -> pd.DataFrame:
        """The pairs: their files and checksums."""
        return self._results.pairs.copy()

    def failures(self) -> pd.DataFrame:
        """Pairs on which a method failed, and values that a metric could not compute, with why."""
        return self._results.failures.copy()

    def report(
        self,
        *,
        figures: bool = True,
        html: bool = True,
        boxes: str | Path | None = None,
        quiet: bool = False,
        wait: bool = False,
        **options: Any,
    ) -> list[Path]:
        """Write the tables and figures again: what ``fusionbench report`` does.

        Args:
            figures: Whether figures are drawn.
            html: Whether ``report.html`` is written.
            boxes: A YAML file of pairs and boxes that the grids enlarge.
            quiet: Show no remarks.
            wait: Wait for another process that works on the run's folder.
            options: ``layout``, ``marks``, ``std``, ``decimals``, ``ours``, ``order`` and
                ``side_by_side`` (see :class:`fusionbench.tables.style.TableStyle`); ``methods``,
                ``metrics``, ``convention``, ``labels`` and ``sources`` as in :meth:`leaderboard`.

        Returns:
            The files.

        Raises:
            UnknownNameError: An option, method or metric that there is not.
            FusionBenchError: A value is not right, or another process works on the folder.
        """
        chosen = {name: options.pop(name) for name in [*CHOICE, "convention"] if name in options}
        style, choice = _style(options), _choice(**chosen)
        with _alone("report", {}, quiet=quiet, wait=wait):
            locking.hold(self.folder)
            return write_report(
                self._run,
                figures=figures,
                html=html,
                style=style,
                boxes=Path(boxes) if boxes else None,
                choice=choice,
            )

    def __repr__(self) -> str:
        manifest = self._run.manifest
        data = ", ".join(f"{d.name} ({len(d.pairs)} pairs)" for d in manifest.datasets)
        head = f"Run {self.folder}: {len(manifest.methods)} methods on {data}"
        return f"{head}\n\n{self.leaderboard().to_text()}".rstrip()

    def _repr_html_(self) -> str:
        return self.leaderboard()._repr_html_()


class ScenePair:
    """One pair of a data set.

    Attributes:
        id: Its name, and that of its fused images.
        record: Its files, their checksums, and how they are read.
    """

    def __init__(self, record: PairRecord, of: Scenes) -> None:
        self.id, self.record, self._of = record.id, record, of

    def ir(self) -> U8:
        """The infrared image as methods and metrics see it: uint8, H×W or H×W×3 RGB."""
        return read_source(self.record, "ir")

    def vis(self) -> U8:
        """The visible image, likewise."""
        return read_source(self.record, "vis")

    @property
    def labels(self) -> Truths | None:
        """Its labelled objects: boxes in pixels, and numbers of :attr:`Scenes.classes`.

        None where the pair has no labels.
        """
        known = self._of.label_set
        return known.truths.get(self.id) if known else None

    def __repr__(self) -> str:
        return f"ScenePair({self.id!r})"


class Scenes(Sequence[ScenePair]):
    """The pairs of a data set, in order; also found by their ids.

    Attributes:
        name, split: What it is called.
        record: What a manifest says of it, with a fingerprint over the contents.
    """

    def __init__(self, record: DataSetRecord, root: Path | None, labels: str | None) -> None:
        self.name, self.split, self.record = record.name, record.split, record
        self._root, self._labels = root, labels
        self._pairs = [ScenePair(pair, self) for pair in record.pairs]

    @cached_property
    def label_set(self) -> LabelSet | None:
        """Its labels; None for a data set that has none with boxes.

        Raises:
            FusionBenchError: Labels that were named, or that the data set declares, are not there.
            DataError: They are malformed.
        """
        if self._labels is None and not label_set_names(self.name, self.split):
            return None
        return open_labels(self.record, self._labels, self._root)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that labels number."""
        return self.label_set.classes if self.label_set else ()

    @overload
    def __getitem__(self, place: int | str) -> ScenePair: ...

    @overload
    def __getitem__(self, place: slice) -> list[ScenePair]: ...

    def __getitem__(self, place: int | str | slice) -> ScenePair | list[ScenePair]:
        if not isinstance(place, str):
            return self._pairs[place]
        for pair in self._pairs:
            if pair.id == place:
                return pair
        ids = [pair.id for pair in self._pairs]
        raise UnknownNameError(f"pair of {self.name}", place, ids, "[pair.id for pair in ...]")

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        split = f", split {self.split}" if self.split else ""
        return f"Scenes({self.name}{split}: {len(self)} pairs)"


def dataset(
    name: str = DATASET,
    split: str | None = None,
    *,
    labels: str | Path | None = None,
    quiet: bool = False,
    **options: Any,
) -> Scenes:
    """The pairs of a data set, checked as a run checks them: every file is read once for it.

    Args:
        name: A data set (:func:`fusionbench.datasets`), or what folders of yours are called.
        split: Its split; the default one for None.
        labels: A label set of the data set, or a folder or COCO file of labels.
        quiet: Show no progress and no remarks.
        options: ``data_root``; ``ir`` and ``vis``, folders of yours; ``ir_range``, ``vis_range``,
            ``resize``, ``pairs``, ``limit``, ``skip_bad_pairs``, ``accept``, ``strict``: as in
            ``fusionbench run --help``.

    Raises:
        UnknownNameError: There is no such data set, split or option.
        DataError: It is not there, or pairs are refused; lists every kind.

    Example:
        >>> import fusionbench as fb
        >>> scenes = fb.dataset("sample", limit=2, quiet=True)
        >>> len(scenes), scenes[0].ir().shape, scenes[0].ir().dtype
        (2, (240, 320), dtype('uint8'))
        >>> scenes[0].labels.boxes.shape[1]
        4
    """
    request = request_of(dataset=name, split=split, **options)
    with _quiet(quiet):
        opened, findings = open_one(request), request.findings()
        (record,) = check_datasets([opened], findings)
        tell(findings.records)
    return Scenes(record, request.root(), None if labels is None else str(labels))


def request_of(**options: Any) -> Request:
    """A request from the values that a program gives.

    A path may be text, a list one item or a mapping, and names a list.

    Raises:
        UnknownNameError: There is no such option.
        FusionBenchError: A value is of another type, or none of those allowed.
    """
    from pydantic import TypeAdapter, ValidationError

    types = get_type_hints(Request)
    for name in options:
        if name not in types:
            raise UnknownNameError("option", name, types, COMMAND)
    values = {name: _as_asked(value, types[name]) for name, value in options.items()}
    try:
        return TypeAdapter(Request).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        said = f"got {options[name]!r}; {first['msg'][0].lower()}{first['msg'][1:]}"
        raise FusionBenchError(f"{name}: {said}. `{COMMAND}` shows the options") from error


def _as_asked(value: Any, kind: Any) -> Any:
    """A value in the form that a request holds."""
    if isinstance(value, Mapping):
        return [f"{key}={one}" for key, one in value.items()]
    lists = kind in (list[str] | None, list[Path] | None)
    if lists and isinstance(value, str | Path):
        return [value]
    if not lists and value is not None and kind in (str, str | None):
        several = isinstance(value, Iterable) and not isinstance(value, str)
        return joined([_name(one) for one in value] if several else _name(value))
    return list(value) if lists and value is not None else value


def _name(value: Any) -> str:
    """The name of a method: its own, or that of a class that ``@method`` registered."""
    return str(value.card.name if hasattr(value, "card") else value)


def _style(options: Mapping[str, Any]) -> TableStyle:
    for name in options:
        if name not in STYLE:
            raise UnknownNameError("option", name, {*STYLE, *CHOICE}, "fusionbench report --help")
    return TableStyle(**options)


def _choice(
    methods: Names = "",
    metrics: Names = "",
    convention: Names = "",
    labels: Names | Mapping[str, str] = (),
    sources: bool = True,
) -> Choice:
    chosen = joined(metrics)
    if convention:
        names = [convention_named(n.strip()).name for n in joined(convention).split(",")]
        tokens = listed(chosen) or [""]
        chosen = ",".join(t if "@" in t else f"{t}@{name}" for t in tokens for name in names)
    if isinstance(labels, Mapping):
        labels = [f"{name}={label}" for name, label in labels.items()]
    labels = [labels] if isinstance(labels, str) else list(labels)
    return Choice(methods=joined(methods), metrics=chosen, labels=labels, sources=sources)


@contextmanager
def _alone(call: str, arguments: Mapping[str, Any], *, quiet: bool, wait: bool) -> Iterator[None]:
    """Work on a run's folder, and leave everything else as it was."""
    said = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    token = called.set(f"fusionbench.{call}({said})")
    with ExitStack() as stack:
        stack.callback(called.reset, token)
        stack.enter_context(kept())
        stack.enter_context(locking.released(wait=wait))
        stack.enter_context(_quiet(quiet))
        yield


@contextmanager
def _quiet(wanted: bool) -> Iterator[None]:
    before = console.err.quiet
    console.err.quiet = wanted or before
    try:
        yield
    finally:
        console.err.quiet = before

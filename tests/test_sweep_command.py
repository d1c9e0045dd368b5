"""Does `archcost sweep` keep, order and write the points that it is asked for?"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sys
from typing import Any

import pytest

from archcost import load
from archcost import sweep as sweeping
from archcost.claims import Claim, claims_of
from archcost.judge import agrees
from archcost.source import Value, plain_data
from archcost.zoo import specs

REAL_CHUNK = sweeping.chunk


def points(archcost: Any, *arguments: str) -> list[dict[str, Any]]:
    """The points as data."""
    return json.loads(archcost("sweep", *arguments, "--format", "json").stdout)["points"]


def test_points_are_those_of_the_tables(archcost) -> None:
    """Every row is what `load` says of the network with these knobs, in the order of the values, the last fastest."""
    found = points(archcost, "mobilenet_v2", "alpha=0.5,1.4", "resolution=96:224:64")
    assert [(row["alpha"], row["resolution"]) for row in found] == [(a, r) for a in (0.5, 1.4) for r in (96, 160, 224)]
    for row in found:
        totals = load("mobilenet_v2", alpha=row["alpha"], resolution=row["resolution"]).totals
        assert (row["params"], row["macs"], row["memory"]) == (totals.params, totals.macs, totals.memory_bytes)
        assert row["peak_memory"] == totals.peak_memory_bytes


def tables() -> list[Any]:
    """The published figures of each network at settings of the same knobs, as MobileNet's tables 6 and 7 print them."""
    found: dict[Any, list[Claim]] = {}
    for claim in (claim for spec in specs() for claim in claims_of(spec)):
        knobs = tuple(claim.reading["set"].data) if "set" in claim.reading else ()
        plain = claim.quantity in ("params", "macs") and claim.reading.keys() <= {"set", "digits", "rounded"}
        if knobs and plain and not claim.erratum and not claim.symbols:
            found.setdefault((claim.architecture, *knobs), []).append(claim)
    return [pytest.param(claims, id="-".join(key)) for key, claims in found.items()]


@pytest.mark.parametrize("claims", tables())
def test_published_tables(archcost, claims: list[Claim]) -> None:
    """What `verify` proves point by point, the sweep finds at once: each figure rounds to what was printed."""
    settings = [plain_data(Value(claim.reading["set"].data, claim.place)) for claim in claims]
    terms = [f"{knob}={','.join(json.dumps(point[knob]) for point in settings)}" for knob in settings[0]]
    rows = points(archcost, claims[0].architecture, *terms, "--zip")
    for claim, row in zip(claims, rows, strict=True):
        assert agrees(row[claim.quantity], claim, claim.reading)


def test_there_are_tables() -> None:
    """The multiplier tables of MobileNet and ShuffleNet, and EfficientNet's compound scaling, are among them."""
    points = {table.id: len(table.values[0]) for table in tables()}
    assert points["mobilenet_v1-alpha"] >= 12 and points["mobilenet_v1-resolution"] >= 11
    assert points["mobilenet_v2-alpha-resolution"] >= 15
    assert points["shufflenet_v1-scale"] >= 4 and points["shufflenet_v1-groups"] >= 4
    assert points["efficientnet_b0-width-depth-resolution"] == 11


def test_several_networks(archcost) -> None:
    """One after the other, with their names."""
    found = points(archcost, "resnet18", "resnet34", "resolution=64,96")
    assert [row["network"] for row in found] == ["resnet18"] * 2 + ["resnet34"] * 2


def test_where_sort_top(archcost) -> None:
    """A condition over all columns; the largest first, or with a minus the smallest."""
    found = points(
        archcost,
        "resnet50",
        "resolution=64:512:32",
        "--where",
        "1e9 < macs < 4e9 and not resolution == 160",
        "--sort",
        "macs",
    )
    assert [row["resolution"] for row in found] == [192, 128]
    smallest = points(archcost, "resnet50", "resolution=512:64:-32", "--sort", "-macs", "--top", "2")
    assert [row["resolution"] for row in smallest] == [64, 96]


def test_pareto(archcost) -> None:
    """Larger and dearer ResNets at one resolution: all are best in MACs against parameters turned round."""
    found = points(archcost, "resnet18", "resnet34", "resnet50", "resolution=128,224", "--pareto", "macs,-params")
    assert [(row["network"], row["resolution"]) for row in found] == [
        (name, 128) for name in ("resnet18", "resnet34", "resnet50")
    ]
    (best,) = points(archcost, "resnet18", "resnet34", "resolution=128,224", "--pareto", "macs,params")
    assert (best["network"], best["resolution"]) == ("resnet18", 128)


def test_csv(archcost, tmp_path) -> None:
    """A column for each knob and quantity, exact integers; what is said beside it goes to stderr."""
    result = archcost("sweep", "resnet50", "resolution=64,224", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    totals = load("resnet50", resolution=224).totals
    assert rows[1] == {
        "network": "resnet50",
        "resolution": "224",
        "params": "25557032",
        "macs": "4089184256",
        "flops": str(totals.flops),
        "memory": str(totals.memory_bytes),
        "peak_memory": str(totals.peak_memory_bytes),
    }
    assert result.stderr == "2 points, 2 kept\n"
    path = tmp_path / "sweep.csv"
    archcost("sweep", "resnet50", "resolution=64,224", "--output", str(path))
    assert path.read_text() == result.stdout
    assert (
        "exists: --force overwrites it"
        in archcost("sweep", "resnet50", "resolution=64", "--output", str(path), exit_code=2).stderr
    )
    archcost("sweep", "resnet50", "resolution=64", "--columns", "macs", "--output", str(path), "--force")
    assert path.read_text().splitlines() == ["macs", str(load("resnet50", resolution=64).totals.macs)]


def test_impossible_points(archcost) -> None:
    """They are left out and counted, or with --strict refused; it is said which is the first, and why."""
    result = archcost("sweep", "vgg16", "resolution=30:33", "--format", "csv")
    assert [line.split(",")[1] for line in result.stdout.splitlines()] == ["resolution", "32", "33"]
    first = "vgg16 with resolution=30: pool5: a window of 2 does not fit into 1 positions\n"
    assert result.stderr == f"4 points, 2 kept; 2 impossible, left out, first {first}"
    refused = archcost("sweep", "vgg16", "resolution=30:33", "--strict", exit_code=2)
    assert refused.stderr == f"impossible: {first}"
    assert "1 points, 0 kept; 1 impossible" in archcost("sweep", "vgg16", "resolution=1").stdout


def test_structure(archcost) -> None:
    """Lists, truths and words make networks of their own."""
    found = points(archcost, "vgg16", "depths=[2,2,2,2,2],[2,2,4,4,4]", "adaptive=true,false")
    assert [row["params"] for row in found] == [load("vgg13").totals.params] * 2 + [load("vgg19").totals.params] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet50", "resolutio=64"), "resnet50 has no parameter 'resolutio', did you mean 'resolution'?"),
        (("resnet50", "resolution=64:32"), "resolution=64:32:1 is empty"),
        (("resnet50", "resolution=many"), "resolution takes numbers, not 'many'"),
        (("resnet50", "resolution=random(1)"), "write random(LOW,HIGH,n=COUNT)"),
        (("resnet50",), "sweep takes networks and values of knobs"),
        (("resolution=3",), "sweep takes networks and values of knobs"),
        (("resnet50", "resolution=64", "--where", "mcs < 3"), "there is no name 'mcs' here, did you mean 'macs'?"),
        (("resnet50", "resolution=64", "--where", "macs + 1"), "--where takes a condition"),
        (("resnet50", "resolution=64", "--where", "().__class__"), "is not allowed in an expression"),
        (("resnet50", "resolution=64", "--sort", "mcs"), "there is no column 'mcs', did you mean 'macs'?"),
        (("resnet50", "resolution=64", "--pareto", "mcs"), "there is no column 'mcs', did you mean 'macs'?"),
        (("resnet50", "resolution=64", "--columns", "mcs"), "there is no column 'mcs', did you mean 'macs'?"),
        (("resnet50", "resolution=64", "--output", "x.parquet.md"), "there is no markdown here"),
    ],
)
def test_bad_input(archcost, arguments: tuple[str, ...], message: str) -> None:
    """One clear message."""
    assert message in archcost("sweep", *arguments, exit_code=2).stderr


def test_without_numpy(archcost, monkeypatch) -> None:
    """One line with the command that mends it."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    error = archcost("sweep", "resnet50", "resolution=64", exit_code=2).stderr
    assert error == "sweeps need NumPy: pip install 'archcost[arrays]'\n"


def test_a_stop_keeps_what_is_finished(archcost, monkeypatch, tmp_path) -> None:
    """Ctrl-C between two chunks: the file holds the first, and the exit code is that of an interrupt."""
    from archcost import sweep

    monkeypatch.setattr(sweep, "CHUNK", 10)
    chunk = sweep.chunk

    def interrupted(subject: Any, points: Any, **options: Any) -> Any:
        if points["resolution"][0] >= 84:
            raise KeyboardInterrupt
        return chunk(subject, points, **options)

    monkeypatch.setattr(sweep, "chunk", interrupted)
    path = tmp_path / "sweep.csv"
    result = archcost("sweep", "resnet18", "resolution=64:163", "--output", str(path), exit_code=130)
    assert len(path.read_text().splitlines()) == 1 + 20
    assert "20 points, 20 kept; stopped before the other 80 (by Ctrl-C)" in result.stderr


def test_a_stop_while_points_are_written(archcost, monkeypatch, tmp_path) -> None:
    """Ctrl-C outside of the work: the chunk at hand is written whole, no other is begun."""
    from archcost import sweep
    from archcost.render import sweep as render

    monkeypatch.setattr(sweep, "CHUNK", 10)
    csv_of = render.csv

    def pressed(columns: Any, names: Any, first: bool) -> str:
        if not first:
            os.kill(os.getpid(), signal.SIGINT)
        return csv_of(columns, names, first)

    monkeypatch.setattr(render, "csv", pressed)
    path = tmp_path / "sweep.csv"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in the background
    try:
        result = archcost("sweep", "resnet18", "resolution=64:163", "--output", str(path), exit_code=130)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(path.read_text().splitlines()) == 1 + 20
    assert "20 points, 20 kept; stopped before the other 80" in result.stderr


def test_a_worker_that_dies(archcost, monkeypatch, tmp_path) -> None:
    """What is finished is kept, and the same command goes on."""
    parquet = pytest.importorskip("pyarrow.parquet")
    from archcost import sweep

    monkeypatch.setattr(sweep, "CHUNK", 10)
    folder = tmp_path / "points.parquet"
    arguments = ("sweep", "resnet18", "resolution=64:163", "--output", str(folder))
    with monkeypatch.context() as patched:
        patched.setattr(sweep, "chunk", dies_at_84)
        result = archcost(*arguments, "--workers", "2", exit_code=2)
    assert "(a worker died)" in result.stderr
    assert archcost(*arguments).stderr == "100 points, 100 kept\n"
    assert parquet.read_table(folder).num_rows == 100


def dies_at_84(subject: Any, points: Any, where: str | None = None) -> Any:
    """Half of the work; then the process is gone."""
    if points["resolution"][0] >= 84:
        os._exit(9)
    return REAL_CHUNK(subject, points, where=where)


POINTS = ("mobilenet_v2", "alpha=0.25:1.5:0.25", "resolution=24:300")
ARGUMENTS = ("sweep", *POINTS, "--where", "macs < 2e8", "--format", "csv")


def test_workers_change_nothing(archcost, monkeypatch) -> None:
    """Chunks that local processes work out are those that are worked out here, in the same order."""
    from archcost import sweep

    monkeypatch.setattr(sweep, "CHUNK", 100)
    alone = archcost(*ARGUMENTS)
    shared = archcost(*ARGUMENTS, "--workers", "2")
    assert alone.stdout == shared.stdout and alone.stderr == shared.stderr
    assert len(alone.stdout.splitlines()) > 100


def test_a_cluster_changes_nothing(archcost, monkeypatch) -> None:
    """A Dask cluster of two processes, one of which is killed on the way, gives the same."""
    distributed = pytest.importorskip("distributed")
    from archcost import sweep, workers

    monkeypatch.setattr(sweep, "CHUNK", 100)
    alone = archcost(*ARGUMENTS)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        killed = []

        def killing(submit: Any, work: Any, parts: Any) -> Any:
            for index, found in enumerate(sweep_in_order(submit, work, parts)):
                if index == 2:
                    worker = next(iter(cluster.workers.values()))
                    os.kill(worker.process.pid, signal.SIGKILL)
                    killed.append(worker)
                yield found

        sweep_in_order = workers.in_order
        monkeypatch.setattr(sweep, "in_order", killing)
        shared = archcost(*ARGUMENTS, "--scheduler", cluster.scheduler_address)
    assert killed and alone.stdout == shared.stdout


def test_no_scheduler(archcost) -> None:
    """An address at which nobody listens."""
    pytest.importorskip("distributed")
    error = archcost("sweep", "resnet18", "resolution=64", "--scheduler", "nowhere", exit_code=2).stderr
    assert "there is no Dask scheduler at nowhere" in error


def test_parquet(archcost, monkeypatch, tmp_path) -> None:
    """A dataset that others read; a second run does only what is missing; another sweep is refused."""
    parquet = pytest.importorskip("pyarrow.parquet")
    from archcost import sweep

    monkeypatch.setattr(sweep, "CHUNK", 100)
    folder = tmp_path / "points.parquet"
    arguments = ("sweep", *POINTS, "--where", "macs < 2e8", "--output", str(folder))
    result = archcost(*arguments)
    table = parquet.read_table(folder, columns=["network", "alpha", "resolution", "macs"])
    text = csv.DictReader(io.StringIO(archcost(*ARGUMENTS).stdout))
    rows = [(row["network"], float(row["alpha"]), int(row["resolution"]), int(row["macs"])) for row in text]
    assert [tuple(row.values()) for row in table.to_pylist()] == rows
    (folder / "part-000003.parquet").unlink()
    worked = []
    chunk = sweep.chunk

    def noted(subject: Any, points: Any, **options: Any) -> Any:
        worked.append(len(next(iter(points.values()))))
        return chunk(subject, points, **options)

    monkeypatch.setattr(sweep, "chunk", noted)
    again = archcost(*arguments)
    assert worked == [100]
    assert parquet.read_table(folder, columns=["macs"]).num_rows == len(rows)
    assert again.stderr == result.stderr
    other = ("sweep", "resnet18", "resolution=64", "--output", str(folder))
    assert "holds something else, part-000000.parquet: --force" in archcost(*other, exit_code=2).stderr
    archcost(*other, "--force")
    assert parquet.read_table(folder).num_rows == 1
    assert "parquet writes all points" in archcost(*other, "--top", "3", exit_code=2).stderr


def test_names_of_columns(archcost, tmp_path) -> None:
    """A knob that is called like a column is refused; columns stand once each; many rows are cut with a remark."""
    (tmp_path / "net.yaml").write_text(
        "params: {memory: 3}\ninput: [3, 8, 8]\nlayers: [{conv: {out: memory, kernel: 1}}]"
    )
    error = archcost("sweep", str(tmp_path / "net.yaml"), "memory=1:9", exit_code=2).stderr
    assert "a parameter called memory cannot be swept, for a column is called so" in error
    twice = archcost("sweep", "resnet18", "resolution=64", "--columns", "macs,macs", "--format", "csv").stdout
    assert twice.splitlines()[0] == "macs"
    shown = archcost("sweep", "resnet18", "resnet34", "resolution=64:164").stdout
    assert "--format csv has all points" in shown and shown.splitlines()[1].split()[0] == "network"


def test_columns_are_no_lists(archcost) -> None:
    """What would be about all points of a chunk, not about one, is refused."""
    for where in ("len(macs) == 2", "macs > sum(macs) / 2"):
        error = archcost("sweep", "resnet18", "resolution=64,96", "--where", where, exit_code=2).stderr
        assert "a column is no list" in error


def test_another_specification_is_another_sweep(archcost, tmp_path) -> None:
    """What was finished of a file is not gone on with after the file has changed; nor is what was not whole."""
    parquet = pytest.importorskip("pyarrow.parquet")
    net, folder = tmp_path / "net.yaml", tmp_path / "points.parquet"
    text = "params: {k: 3}\ninput: [3, 8, 8]\nlayers: [{conv: {out: k, kernel: KERNEL, bias: false}}]"
    net.write_text(text.replace("KERNEL", "3"))
    arguments = ("sweep", str(net), "k=1,2", "--output", str(folder))
    archcost(*arguments)
    net.write_text(text.replace("KERNEL", "5"))
    assert "holds something else" in archcost(*arguments, exit_code=2).stderr
    archcost(*arguments, "--force")
    assert parquet.read_table(folder)["params"].to_pylist() == [75, 150]
    next(folder.glob("*.parquet")).write_bytes(b"")
    assert archcost(*arguments).stderr == "2 points, 2 kept\n"
    assert parquet.read_table(folder)["params"].to_pylist() == [75, 150]
    error = archcost(
        "sweep", str(net), "k=1", "--output", str(tmp_path / "new.parquet"), "--where", "mac < 3", exit_code=2
    )
    assert "no name 'mac'" in error.stderr and not (tmp_path / "new.parquet").exists()


def test_conditions_do_not_wrap(archcost) -> None:
    """A product of two columns may be beyond 64 bits; what divides by zero is refused, and too long a condition."""
    assert points(archcost, "resnet50", "resolution=1000:1003", "--where", "macs * macs < 9e18") == []
    zero = archcost("sweep", "resnet50", "resolution=64", "--where", "macs / (params - params) > 1", exit_code=2)
    assert "division by zero in 'macs / (params - params)'" in zero.stderr
    long = archcost("sweep", "resnet50", "resolution=64", "--where", "macs" + "+1" * 400 + "<3", exit_code=2)
    assert "more than 500 characters" in long.stderr

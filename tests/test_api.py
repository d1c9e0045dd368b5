"""Does the Python interface give typed values, on ints, arrays and symbols alike?"""

from __future__ import annotations

import numpy
import pytest
import sympy

import archcost


def test_load_gives_rows_and_totals() -> None:
    """A network by name, with a knob set."""
    net = archcost.load("resnet50", classes=10)
    assert net.totals.params == 25_557_032 - 990 * 2049
    assert net.rows[0].output == (64, 112, 112)


def test_report_takes_convention_batch_and_type() -> None:
    """Two FLOPs for a multiply-accumulate, and every other operation, of two samples."""
    net = archcost.load("alexnet_cs231n")
    assert net.report("macs", batch=2).totals.flops == 2 * net.totals.macs
    assert net.report("full").totals.flops > 2 * net.totals.macs
    assert net.report(dtype="int8").totals.memory_bytes * 4 == net.totals.memory_bytes


def test_arrays_go_through_whole() -> None:
    """Several resolutions at once equal one after the other."""
    sizes = [224, 256, 288, 320]
    swept = archcost.load("resnet18", resolution=numpy.array(sizes)).totals
    single = [archcost.load("resnet18", resolution=size).totals for size in sizes]
    for name in ("macs", "flops", "params", "memory_bytes", "peak_memory_bytes"):
        found = numpy.broadcast_to(getattr(swept, name), len(sizes))
        assert found.tolist() == [getattr(totals, name) for totals in single]


@pytest.mark.parametrize("name", ["swin_t", "swin_v2_t", "maxvit_t", "shufflenet_v2_plus_small", "densenet121"])
def test_arrays_go_through_every_kind_of_network(name: str) -> None:
    """Windows and gates too; whether a layer stands there must be the same at all points."""
    swept = archcost.load(name, resolution=numpy.array([256, 512])).totals
    single = [archcost.load(name, resolution=size).totals for size in (256, 512)]
    for quantity in ("macs", "params", "memory_bytes", "peak_memory_bytes"):
        found = numpy.broadcast_to(getattr(swept, quantity), 2)
        assert found.tolist() == [getattr(totals, quantity) for totals in single]


def test_narrow_arrays_are_widened() -> None:
    """Counts of billions from sizes of eight bits."""
    for kind in ("uint8", "int16", "int32"):
        assert archcost.load("resnet50", resolution=numpy.array([96, 127], kind)).totals.macs.tolist() == [
            archcost.load("resnet50", resolution=size).totals.macs for size in (96, 127)
        ]


def test_points_that_need_different_layers() -> None:
    """At 230 the windows of Swin need padding, at 224 not."""
    with pytest.raises(archcost.ArchcostError, match="when must be the same at all points of an array"):
        archcost.load("swin_t", resolution=numpy.array([224, 230]))


def test_symbols_go_through_whole() -> None:
    """ResNet-50 at resolution 32 n, as its paper's arithmetic gives it."""
    n = sympy.Symbol("n", integer=True, positive=True)
    macs = archcost.load("resnet50", resolution=32 * n).totals.macs
    assert sympy.expand(macs) == 83410944 * n**2 + 2048000


def test_notebooks_show_the_table() -> None:
    """An HTML table, with every text escaped."""
    html = archcost.load("alexnet")._repr_html_()
    assert html.startswith("<table>") and "conv1" in html and "<script" not in html


def test_files_load_like_names(tmp_path) -> None:
    """A path, and a variant of a file by colon."""
    path = tmp_path / "net.yaml"
    path.write_text("input: [c, 8, 8]\nparams: {c: 3}\nlayers: [relu]\nvariants: {thin: {c: 1}, wide: {c: 9}}")
    assert archcost.load(path).rows[0].output == (1, 8, 8)
    assert archcost.load(f"{path}:wide").rows[0].output == (9, 8, 8)


@pytest.mark.parametrize("name", ["no_such", "no/such.yaml"])
def test_mistakes_are_one_kind_of_error(name: str) -> None:
    """ArchcostError, a ValueError, whatever is wrong."""
    with pytest.raises(archcost.ArchcostError):
        archcost.load(name)


def test_notebooks_show_symbols_and_arrays() -> None:
    """Counts that are no numbers stand as they are, and have no shares."""
    n = sympy.Symbol("n", integer=True, positive=True)
    assert "n**2" in archcost.load("resnet18", resolution=32 * n)._repr_html_()
    sizes = numpy.array([224, 256])
    assert "conv1" in archcost.load("alexnet", resolution=sizes, adaptive=True)._repr_html_()


def test_arrays_whose_points_differ_in_kind() -> None:
    """Cells of adaptive pooling are all alike at 224 and not at 256: the counts are right at both."""
    sizes = [224, 256]
    swept = archcost.load("alexnet", resolution=numpy.array(sizes), adaptive=True).totals
    single = [archcost.load("alexnet", resolution=size, adaptive=True).totals for size in sizes]
    for name in ("macs", "flops", "memory_bytes", "peak_memory_bytes"):
        assert getattr(swept, name).tolist() == [getattr(totals, name) for totals in single]

"""PyTorch's times of the convolutions of files that `bench conv` wrote, each in every setting it has.

torch_conv.py OUT.json OURS.json... [--device cuda] [--quick] [--seconds 0.2]
Settings: NCHW or channels-last, with and without cudnn.benchmark, eager or captured in a CUDA graph. Each execution is
timed alone after the caches were emptied, as `bench --cache cold` does. BF16 has tensors of bfloat16.
"""
import argparse

import torch
import torch.nn.functional as F

import results
from timing import Clock, captured, set_precision, versions


def problems(files):
    """Each problem once: (shape, pass, precision), in the files' order."""
    seen = {}
    for file in files:
        for row in results.rows_of_workbench(file):
            if row["driver"] == "conv" and row["pass"] in results.PASSES:
                seen[row["name"], row["pass"], row["precision"]] = None
    return list(seen)


def work(c, way, kind, layout, device):
    """The convolution as a function without arguments; outputs are allocated by PyTorch's pool, as its users do."""
    order = torch.channels_last if layout == "NHWC" else torch.contiguous_format
    x = torch.randn(c["n"], c["c"], c["h"], c["w"], device=device, dtype=kind).to(memory_format=order)
    w = torch.randn(c["k"], c["c"] // c["groups"], c["r"], c["s"], device=device, dtype=kind).to(memory_format=order)
    if way == "FWD_D":
        return lambda: F.conv2d(x, w, None, c["stride"], c["pad"], c["dilation"], c["groups"])
    dy = torch.randn(c["n"], c["k"], c["p"], c["q"], device=device, dtype=kind).to(memory_format=order)
    return lambda: torch.ops.aten.convolution_backward(
        dy, x, w, None, list(c["stride"]), list(c["pad"]), list(c["dilation"]), False, [0, 0], c["groups"],
        [True, False, False])


def measure(clock, problem, seconds):
    name, way, precision = problem
    c = results.parse_convolution(name)
    kind = set_precision(precision)
    for layout in ("NCHW", "NHWC"):
        run = work(c, way, kind, layout, clock.device)
        for benchmark in (False, True):
            torch.backends.cudnn.benchmark = benchmark
            for mode in ("eager", "captured") if clock.gpu else ("eager",):
                setting = f"{layout} {'benchmark' if benchmark else 'default'} {mode}"
                row = {"name": name, "pass": way, "precision": precision, "setting": setting}
                try:
                    run()
                    row["micros"] = clock.micros(captured(run) if mode == "captured" else run, seconds, cold=True)
                except RuntimeError as e:  # out of memory, or no kernel: said in the result
                    row["skipped"] = str(e).splitlines()[0]
                yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("ours", nargs="+")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--quick", action="store_true")
    a = parser.parse_args()
    clock = Clock(a.device, a.quick)
    rows = []
    with torch.no_grad():
        for problem in problems(a.ours):
            here = list(measure(clock, problem, a.seconds))
            rows += here
            fastest = results.best(here)
            print(*problem, f"{fastest['micros']:.2f} us, {fastest['setting']}" if fastest else "not run", flush=True)
    results.write_json(a.out, {"format": "blindspot-torch-conv-1", "versions": versions(a.device), "rows": rows})


if __name__ == "__main__":
    main()

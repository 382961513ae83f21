"""PyTorch's times of the work that PrimitiveBenchmarks measures, under the same names.

Run by a Python that has torch, on the same machine: torch_ref.py [FILE]. Prints a table and writes FILE as JSON.
Each time is the median over several series of executions in a row, between two events on the stream; an attack's
step is also timed as a captured graph. FP32 forbids TF32, TF32 allows it; BF16 has tensors of bfloat16, where
Blindspot has tensors of float32 whose products are formed in bfloat16.
"""
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from timing import captured

DEVICE = torch.device("cuda")
ROWS = []


def micros(run, series=7, seconds=0.05):
    def timed(count):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(count):
            run()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1000 / count

    timed(3)
    count = max(1, min(10000, int(seconds * 1e6 / max(timed(3), 1))))
    timed(count)
    return statistics.median(timed(count) for _ in range(series))


def row(name, way, precision, time_, operations=None):
    speed = operations / time_ / 1e3 if operations else None
    ROWS.append({"name": name, "pass": way, "precision": precision, "micros": time_, "gflops": speed})
    print(f"{name:<44} {way:<13} {precision:<5} {time_:12.2f} {speed or float('nan'):10.0f}", flush=True)


def precisions(layouts):
    for precision in ("FP32", "TF32", "BF16"):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != "FP32"
        for layout in layouts if precision != "FP32" else layouts[:1]:
            yield precision, layout


def convolutions():
    for n, c, hw, k, r, s in ((1, 64, 56, 64, 3, 1), (32, 64, 56, 64, 3, 1), (32, 256, 14, 256, 3, 1),
                              (128, 128, 28, 128, 3, 1), (32, 3, 224, 64, 7, 2), (32, 256, 56, 64, 1, 1)):
        for precision, layout in precisions(("NCHW", "NHWC")):
            order = torch.contiguous_format if layout == "NCHW" else torch.channels_last
            kind = torch.bfloat16 if precision == "BF16" else torch.float32
            x = torch.randn(n, c, hw, hw, device=DEVICE, dtype=kind).to(memory_format=order)
            w = torch.randn(k, c, r, r, device=DEVICE, dtype=kind).to(memory_format=order)
            y = F.conv2d(x, w, stride=s, padding=r // 2)
            dy = torch.randn_like(y)
            name = f"conv {n}x{c}x{hw}x{hw} -> {k} {r}x{r}/{s} {layout}"
            operations = 2 * y.numel() * c * r * r
            row(name, "forward", precision, micros(lambda: F.conv2d(x, w, stride=s, padding=r // 2)), operations)
            gradient = lambda: torch.ops.aten.convolution_backward(
                dy, x, w, None, [s, s], [r // 2] * 2, [1, 1], False, [0, 0], 1, [True, False, False])
            row(name, "backward-data", precision, micros(gradient), operations)


def dense():
    for n, c, k in ((1, 784, 100), (256, 784, 1200), (512, 4096, 4096)):
        for precision, _ in precisions((None,)):
            kind = torch.bfloat16 if precision == "BF16" else torch.float32
            x = torch.randn(n, c, device=DEVICE, dtype=kind)
            w = torch.randn(k, c, device=DEVICE, dtype=kind)
            dy = torch.randn(n, k, device=DEVICE, dtype=kind)
            name = f"linear {n}x{c} -> {k}"
            row(name, "forward", precision, micros(lambda: F.linear(x, w)), 2 * n * c * k)
            row(name, "backward-data", precision, micros(lambda: dy @ w), 2 * n * c * k)


def moved():
    x = torch.randn(64, 1 << 18, device=DEVICE)
    row(f"relu 64x{1 << 18}", "forward", "FP32", micros(lambda: torch.relu(x)))
    row(f"l2 norms 64x{1 << 18}", "forward", "FP32", micros(lambda: torch.linalg.vector_norm(x, dim=1)))
    image = torch.randn(64, 64, 112, 112, device=DEVICE)
    row("max-pool 64x64x112x112 2x2/2", "forward", "FP32", micros(lambda: F.max_pool2d(image, 2)))
    row("average-pool 64x64x112x112 2x2/2", "forward", "FP32", micros(lambda: F.avg_pool2d(image, 2)))
    logits = torch.randn(1024, 1000, device=DEVICE)
    row("softmax 1024x1000", "forward", "FP32", micros(lambda: torch.softmax(logits, 1)))


def attack():
    """A step of projected gradient descent (Linf) on the zoo's lenet: conv 5x5, pool, conv 5x5, pool, dense."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    net = lenet().to(DEVICE).eval()
    for p in net.parameters():
        p.requires_grad_(False)
    n, eps, alpha = 256, 1e-6, 1e-7
    origin = torch.rand(n, 1, 28, 28, device=DEVICE)
    labels = torch.arange(n, device=DEVICE) % 10
    x = origin.clone().requires_grad_(True)

    def step():
        loss = F.cross_entropy(net(x), labels, reduction="sum")
        gradient, = torch.autograd.grad(loss, x)
        with torch.no_grad():
            moved_ = x + alpha * gradient.sign()
            x.copy_(torch.clamp(torch.max(torch.min(moved_, origin + eps), origin - eps), 0, 1))

    row(f"pgd step, lenet, batch {n}", "attack", "FP32", micros(step))
    row(f"pgd step, lenet, batch {n}", "attack-graph", "FP32", micros(captured(step)))


def lenet():
    return nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(3136, 1024), nn.ReLU(), nn.Linear(1024, 10))


def main():
    version = {"torch": torch.__version__, "cudnn": torch.backends.cudnn.version(),
               "gpu": torch.cuda.get_device_name(), "date": time.strftime("%Y-%m-%d", time.gmtime())}
    print(version)
    torch.backends.cudnn.benchmark = True
    for part in (convolutions, dense, moved):
        with torch.no_grad():
            part()
    attack()
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w") as out:
            json.dump({"format": "blindspot-torch-1", "properties": version, "rows": ROWS}, out, indent=1)


main()

"""Times on one device: between two events on a GPU's stream, by the processor's clock elsewhere."""
import statistics
import time

import torch

FLUSH = 256 << 20  # bytes: more than the second-level cache of any GPU holds


class Clock:
    def __init__(self, device, quick=False):
        self.device = torch.device(device)
        self.gpu = self.device.type == "cuda"
        self.quick = quick
        self.filler = torch.empty(FLUSH // 4 if self.gpu else 1024, device=self.device)

    def series(self, run, count):
        """Microseconds of one of so many executions in a row."""
        if not self.gpu:
            start = time.perf_counter()
            for _ in range(count):
                run()
            return (time.perf_counter() - start) * 1e6 / count
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(count):
            run()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e3 / count

    def cold(self, run):
        """Microseconds of one execution after the caches were emptied; nothing waits in between."""
        self.filler.fill_(0)
        return self.series(run, 1)

    def micros(self, run, seconds=0.3, cold=False):
        """Median of single cold executions, or of series of executions in a row, for about so long."""
        if self.quick:
            return self.cold(run) if cold else self.series(run, 1)
        self.series(run, 3)
        once = max(self.series(run, 3), 1.0)
        if cold:
            samples = max(9, min(2000, int(seconds * 1e6 / (once + 100))))
            return statistics.median(self.cold(run) for _ in range(samples))
        count = max(1, min(10000, int(0.02 * 1e6 / once)))
        samples = max(9, min(500, int(seconds * 1e6 / (once * count))))
        return statistics.median(self.series(run, count) for _ in range(samples))


def captured(run):
    """The work of `run` as a CUDA graph: a function that replays it."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def set_precision(precision):
    """FP32 forbids TF32, which PyTorch's convolutions use if nobody says so; gives the tensors' type."""
    allowed = precision != "FP32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
    return torch.bfloat16 if precision == "BF16" else torch.float32


def versions(device):
    found = {"torch": torch.__version__, "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
             "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    if torch.device(device).type == "cuda":
        found["gpu"] = torch.cuda.get_device_name()
        found["capability"] = ".".join(map(str, torch.cuda.get_device_capability()))
    return found

"""PyTorch's times of whole attacks on lenet, resnet20 and alexnet: the counterpart of `bench attack`.

torch_attack.py OUT.json [--device cuda] [--batches 1,64,256,1024] [--attacks fgsm,pgd40] [--networks ...] [--quick]
The networks are the zoo's, with random parameters. Settings: NCHW or channels-last, with and without cudnn.benchmark;
eager, and with the step captured in a CUDA graph. FP32 without TF32. A time is that of all steps, from clean samples.
"""
import argparse

import torch
import torch.nn.functional as F
from torch import nn

import results
from timing import Clock, captured, set_precision, versions

STEPS = {"fgsm": 1, "pgd10": 10, "pgd40": 40}
EPS = 1e-6
SHAPES = {"lenet": (1, 28, 28), "resnet20": (3, 32, 32), "alexnet": (3, 227, 227)}


def lenet():
    return nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5, padding=2),
                         nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3136, 1024), nn.ReLU(),
                         nn.Linear(1024, 10))


class Residual(nn.Module):
    """Two convolutions, whose batch norms are folded into them, and a shortcut without parameters."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.stride, self.more = stride, width - channels
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1)

    def forward(self, x):
        y = self.conv2(F.relu(self.conv1(x)))
        if self.stride > 1 or self.more:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, 0, self.more))
        return F.relu(y + x)


def resnet20():
    layers, channels = [nn.Conv2d(3, 16, 3, 1, 1), nn.ReLU()], 16
    for stage, width in enumerate((16, 32, 64)):
        for block in range(3):
            layers.append(Residual(channels, width, 2 if stage and not block else 1))
            channels = width
    return nn.Sequential(*layers, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10))


def alexnet():
    norm = nn.LocalResponseNorm(5, 1e-4, 0.75, 2.0)
    return nn.Sequential(nn.Conv2d(3, 96, 11, 4), nn.ReLU(), norm, nn.MaxPool2d(3, 2), nn.Conv2d(96, 256, 5, padding=2),
                         nn.ReLU(), norm, nn.MaxPool2d(3, 2), nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
                         nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
                         nn.MaxPool2d(3, 2), nn.Flatten(), nn.Linear(9216, 4096), nn.ReLU(), nn.Linear(4096, 4096),
                         nn.ReLU(), nn.Linear(4096, 10))


NETWORKS = {"lenet": lenet, "resnet20": resnet20, "alexnet": alexnet}


class Descent:
    """Projected gradient descent in Linf on the cross-entropy; `step` is what is captured."""

    def __init__(self, network, batch, steps, layout, device):
        torch.manual_seed(1)
        order = torch.channels_last if layout == "NHWC" else torch.contiguous_format
        self.net = NETWORKS[network]().to(device).to(memory_format=order).eval()
        for p in self.net.parameters():
            p.requires_grad_(False)
        self.origin = torch.rand(batch, *SHAPES[network], device=device).to(memory_format=order)
        with torch.no_grad():
            self.labels = self.net(self.origin).argmax(1)
        self.steps, self.alpha = steps, EPS if steps == 1 else 2.5 * EPS / steps
        self.low, self.high = (self.origin - EPS).clamp(0, 1), (self.origin + EPS).clamp(0, 1)
        self.x = self.origin.clone().requires_grad_(True)

    def step(self):
        loss = F.cross_entropy(self.net(self.x), self.labels, reduction="sum")
        gradient, = torch.autograd.grad(loss, self.x)
        with torch.no_grad():
            self.x.add_(gradient.sign_(), alpha=self.alpha).clamp_(self.low, self.high)

    def attack(self, step):
        def run():
            with torch.no_grad():
                self.x.copy_(self.origin)
            for _ in range(self.steps):
                step()
        return run


def measure(clock, network, attack, batch, seconds):
    set_precision("FP32")
    for layout in ("NCHW", "NHWC"):
        for benchmark in (False, True):
            torch.backends.cudnn.benchmark = benchmark
            for mode in ("eager", "captured") if clock.gpu else ("eager",):
                row = {"network": network, "attack": attack, "batch": batch, "mode": mode,
                       "setting": f"{layout} {'benchmark' if benchmark else 'default'}"}
                try:
                    d = Descent(network, batch, STEPS[attack], layout, clock.device)
                    step = captured(d.step) if mode == "captured" else d.step
                    row["micros"] = clock.micros(d.attack(step), seconds)
                except RuntimeError as e:  # out of memory: said in the result
                    row["skipped"] = str(e).splitlines()[0]
                yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batches", default="1,64,256,1024")
    parser.add_argument("--attacks", default="fgsm,pgd40")
    parser.add_argument("--networks", default="lenet,resnet20,alexnet")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--quick", action="store_true")
    a = parser.parse_args()
    clock = Clock(a.device, a.quick)
    rows = []
    for network in a.networks.split(","):
        for batch in map(int, a.batches.split(",")):
            for attack in a.attacks.split(","):
                for row in measure(clock, network, attack, batch, a.seconds):
                    rows.append(row)
                    print(network, attack, batch, row["mode"], row["setting"], row.get("micros", row.get("skipped")),
                          flush=True)
    results.write_json(a.out, {"format": "blindspot-torch-attack-1", "versions": versions(a.device), "rows": rows})


if __name__ == "__main__":
    main()

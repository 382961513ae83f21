"""The paper's attack as others run it: SciPy's L-BFGS-B drives PyTorch, one image at a time.

torch_lbfgs.py OUT.json NETWORK_DIR MNIST_DIR [--images 32] [--device cuda] [--searches 12] [--iterations 30]
NETWORK_DIR holds what NetworkFile wrote (dense layers). For each image: min c |r|^2 + CE(x + r, target), x + r in
[0, 1]; the largest c whose minimiser has another label, by doubling and bisection, as many constants and iterations
as Blindspot's attack has at most. The target is the class nearest by linearisation. Times do not include loading.
"""
import argparse
import os
import time

import numpy
import scipy
import torch
import torch.nn.functional as F
from scipy.optimize import fmin_l_bfgs_b

import results
from timing import set_precision, versions


def network(folder, device):
    """The function of a network of dense layers, sigmoids and ReLUs."""
    described, values = results.read_network(folder)
    values = torch.tensor(values, device=device)
    steps = []
    for layer in described["layers"]:
        kind, size = layer["kind"], layer["geometry"]
        if kind == "linear":
            at, count = layer["weights"], size["k"] * size["c"]
            w, b = values[at:at + count].view(size["k"], size["c"]), values[at + count:at + count + size["k"]]
            steps.append(lambda x, w=w, b=b: F.linear(x, w, b))
        elif kind in ("relu", "sigmoid"):
            steps.append(torch.relu if kind == "relu" else torch.sigmoid)
        elif kind != "flatten":
            raise ValueError(f"layer {kind}: only dense networks are attacked here")

    def forward(x):
        x = x.flatten(1)
        for step in steps:
            x = step(x)
        return x

    return forward


def search(tried, succeeded, failed):
    """The next constant: ten times the last while all go one way, then between the largest good and the least bad."""
    if succeeded and failed:
        return (max(succeeded) * min(failed)) ** 0.5
    return tried * (10 if succeeded else 0.1)


def nearest_class(net, x, label):
    """The class with the least margin over the norm of the margin's gradient."""
    x = x.clone().requires_grad_(True)
    z = net(x)[0]
    best, nearest = None, None
    for other in range(len(z)):
        if other != label:
            gradient, = torch.autograd.grad(z[label] - z[other], x, retain_graph=True)
            distance = float((z[label] - z[other]).detach() / gradient.norm().clamp_min(1e-12))
            if best is None or distance < best:
                best, nearest = distance, other
    return nearest


def attack(net, image, label, searches, iterations, device):
    """Distance of the smallest perturbation found, or None, and how many gradients it took."""
    x = torch.tensor(image, device=device).view(1, -1)
    target = torch.tensor([nearest_class(net, x, label)], device=device)
    evaluations = [0]

    def objective(flat, c):
        evaluations[0] += 1
        moved = torch.tensor(flat, dtype=torch.float32, device=device).view(1, -1).requires_grad_(True)
        value = c * (moved - x).square().sum() + F.cross_entropy(net(moved), target)
        gradient, = torch.autograd.grad(value, moved)
        return float(value.detach()), gradient.view(-1).cpu().numpy().astype(numpy.float64)

    c, good, bad, distance = 1e-2, [], [], None
    for _ in range(searches):
        flat, _, _ = fmin_l_bfgs_b(objective, image.astype(numpy.float64), args=(c,), bounds=[(0, 1)] * image.size,
                                   m=8, maxfun=iterations)
        moved = torch.tensor(flat, dtype=torch.float32, device=device).view(1, -1)
        if int(net(moved).argmax()) != label:
            good.append(c)
            found = float((moved - x).norm())
            distance = found if distance is None else min(distance, found)
        else:
            bad.append(c)
        c = search(c, good, bad)
    return distance, evaluations[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("out", "network", "mnist"):
        parser.add_argument(name)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--searches", type=int, default=12)
    parser.add_argument("--iterations", type=int, default=30)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="few constants and iterations")
    a = parser.parse_args()
    searches, iterations = (2, 3) if a.quick else (a.searches, a.iterations)
    set_precision("FP32")
    device = torch.device(a.device)
    net = network(a.network, device)
    (count, *_), pixels = results.read_idx(os.path.join(a.mnist, "t10k-images-idx3-ubyte.gz"))
    images = numpy.frombuffer(pixels, numpy.uint8).reshape(count, -1)[:a.images + 1].astype(numpy.float32) / 255
    labels = [int(net(torch.tensor(i, device=device).view(1, -1)).argmax()) for i in images]
    attack(net, images[-1], labels[-1], 1, 3, device)  # loads what is loaded late
    start = time.perf_counter()
    found = [attack(net, i, l, searches, iterations, device) for i, l in zip(images[:a.images], labels)]
    seconds = (time.perf_counter() - start) / a.images
    distances = [d for d, _ in found if d is not None]
    result = {"format": "blindspot-torch-lbfgs-1", "versions": dict(versions(a.device), scipy=scipy.__version__),
              "images": a.images, "seconds_per_image": seconds, "success_rate": len(distances) / a.images,
              "mean_l2": sum(distances) / max(1, len(distances)),
              "gradients_per_image": sum(e for _, e in found) / a.images}
    print(result)
    results.write_json(a.out, result)


if __name__ == "__main__":
    main()

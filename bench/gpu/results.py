"""What the scripts beside PyTorch need without PyTorch: shapes, files, ratios. Only the standard library."""
import array
import gzip
import json
import math
import os
import re
import struct

PASSES = {"FWD_D": "forward", "BWD_D": "backward-data"}
WANTED = {  # the least ratios of PyTorch's time over ours that are wanted, by batch
    "convolution, each": 0.97,
    "convolution, geometric mean": 1.05,
    "first-layer backward-data": 1.2,
    "pgd40 over eager": {1: 3.0, 64: 1.5, "largest": 1.0},
    "pgd40 over captured": {1: 1.2, 64: 1.2},
    "lbfgs over SciPy": 100.0,
    "of the copy bandwidth": 0.8,
}
MOST = {"lbfgs, seconds": 10.0, "launch, us": 4.0, "library, us over C": 1.0, "node, us": 1.0}  # not to be exceeded


def parse_convolution(text):
    """A shape in benchdnn's grammar, as the workbench reads it: sides default to each other, dh 0 is no dilation."""
    f = {}
    at = 0
    field = re.compile(r"([a-z]+)(\d+)_*")
    while at < len(text):
        m = field.match(text, at)
        if not m:
            if re.fullmatch(r'n"?[^"]*"?', text[at:]):
                break
            raise ValueError(f"shape {text!r}: {text[at:]!r} is no field")
        f[m.group(1)] = int(m.group(2))
        at = m.end()

    def side(a, b, otherwise):
        return f.get(a, f.get(b, otherwise))

    c = {"n": f.get("mb", 2), "c": f["ic"], "h": side("ih", "iw", 0), "w": side("iw", "ih", 0), "k": f["oc"],
         "r": side("kh", "kw", 0), "s": side("kw", "kh", 0), "groups": f.get("g", 1),
         "stride": (side("sh", "sw", 1), side("sw", "sh", 1)), "pad": (side("ph", "pw", 0), side("pw", "ph", 0)),
         "dilation": (side("dh", "dw", 0) + 1, side("dw", "dh", 0) + 1)}
    c["p"], c["q"] = (
        (c[x] + 2 * c["pad"][i] - c["dilation"][i] * (c[r] - 1) - 1) // c["stride"][i] + 1
        for i, (x, r) in enumerate((("h", "r"), ("w", "s"))))
    return c


def operations(c):
    return 2.0 * c["n"] * c["k"] * c["p"] * c["q"] * (c["c"] // c["groups"]) * c["r"] * c["s"]


def largest_that_both_hold(ours, theirs, batches=(1024, 256)):
    """The largest batch of which both have times."""
    return next((b for b in batches if b in ours and b in theirs), None)


def geometric_mean(values):
    values = [v for v in values if v and v > 0]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def median(values):
    values = sorted(values)
    return values[len(values) // 2] if values else None


def read_json(path):
    with open(path) as file:
        return json.load(file)


def write_json(path, value):
    """Beside, then renamed: a file is whole or absent."""
    with open(path + ".part", "w") as file:
        json.dump(value, file, indent=1)
    os.replace(path + ".part", path)


def read_idx(path):
    """Dimensions and bytes of a file of MNIST's format, gzipped."""
    with gzip.open(path, "rb") as file:
        data = file.read()
    magic, = struct.unpack(">I", data[:4])
    if magic >> 8 != 8:
        raise ValueError(f"{path} is not an idx file of bytes: it begins with {magic:#010x}")
    rank = magic & 255
    dims = struct.unpack(f">{rank}I", data[4:4 + 4 * rank])
    values = data[4 + 4 * rank:]
    if len(values) != math.prod(dims):
        raise ValueError(f"{path} has {len(values)} values where its header says {dims}")
    return dims, values


def read_network(folder):
    """Layers and parameters that NetworkFile wrote: network.json, network.bin."""
    network = read_json(os.path.join(folder, "network.json"))
    values = array.array("f")
    with open(os.path.join(folder, "network.bin"), "rb") as file:
        values.frombytes(file.read())
    return network, values


def best(rows):
    """The fastest setting of rows that have one name; its median is the best of all."""
    rows = [r for r in rows if r.get("micros")]
    return min(rows, key=lambda r: r["micros"]) if rows else None


def by_key(rows, *names):
    found = {}
    for row in rows:
        found.setdefault(tuple(row[n] for n in names), []).append(row)
    return found


def rows_of_workbench(file):
    """Rows of a file of `bench`, as those of the scripts."""
    result = read_json(file)
    for r in result["results"]:
        if r.get("median_us"):
            yield {"driver": r["driver"], "name": r["prb"], "pass": r["dir"], "precision": r["precision"],
                   "setting": r["impl"], "micros": r["median_us"]}


def convolution_ratios(ours, theirs):
    """For each problem, PyTorch's best time over our best: medians of the rounds, then the best setting."""
    def bests(rows):
        keys = by_key(rows, "name", "pass", "precision")
        return {k: best([dict(v[0], micros=median([r["micros"] for r in v]))
                         for v in by_key(rows_, "setting").values()]) for k, rows_ in keys.items()}

    ours, theirs = bests(ours), bests(theirs)
    rows = []
    for key in sorted(set(ours) & set(theirs)):
        mine, other = ours[key], theirs[key]
        if not mine or not other:
            continue
        rows.append({"name": key[0], "pass": key[1], "precision": key[2], "ours": mine["setting"],
                     "ours_us": mine["micros"], "torch": other["setting"], "torch_us": other["micros"],
                     "ratio": other["micros"] / mine["micros"],
                     "first_layer": first_layer(key[0]) and key[1] == "BWD_D"})
    return rows


def first_layer(name):
    return parse_convolution(name)["c"] <= 4


def attack_ratios(ours, theirs):
    """PyTorch's eager and captured times over ours, by network, attack and batch."""
    mine = {k: median([r["micros"] for r in v]) for k, v in by_key(ours, "network", "attack", "batch").items()}
    rows = []
    for (network, attack, batch), found in sorted(by_key(theirs, "network", "attack", "batch").items()):
        us = mine.get((network, attack, batch))
        if not us:
            continue
        row = {"network": network, "attack": attack, "batch": batch, "ours_us": us}
        for how in ("eager", "captured"):
            settings = by_key([r for r in found if r["mode"] == how], "setting").values()
            fastest = best([dict(v[0], micros=median([r["micros"] for r in v])) for v in settings])
            if fastest:
                row[how + "_us"], row[how] = fastest["micros"], fastest["micros"] / us
                row[how + "_setting"] = fastest["setting"]
        rows.append(row)
    return rows


def judge(convolutions, attacks, lbfgs, seconds=None, launch=None, loop=None, primitives=()):
    """What was wanted, what was found, and whether it holds; `holds` is null where nothing was measured.

    lbfgs: SciPy's time over ours; seconds: of the L-BFGS attack on 10,000 images; launch: what LaunchBenchmarks wrote;
    loop: what launch.c printed; primitives: rows of PrimitiveBenchmarks.
    """
    rows = []

    def line(what, wanted, found, most=False):
        holds = None if found is None else found <= wanted if most else found >= wanted
        rows.append({"what": what, "wanted": wanted, "found": found, "holds": holds, "most": most})

    for precision in ("FP32", "TF32", "BF16"):
        ratios = [r["ratio"] for r in convolutions if r["precision"] == precision]
        line(f"convolution {precision}, each", WANTED["convolution, each"], min(ratios, default=None))
        line(f"convolution {precision}, geometric mean", WANTED["convolution, geometric mean"], geometric_mean(ratios))
    line("first-layer backward-data, each", WANTED["first-layer backward-data"],
         min((r["ratio"] for r in convolutions if r["first_layer"]), default=None))
    for network in ("lenet", "resnet20", "alexnet"):
        here = {r["batch"]: r for r in attacks if r["network"] == network and r["attack"] == "pgd40"}
        top = largest_that_both_hold(here, here)
        for how in ("eager", "captured"):
            for batch, wanted in WANTED["pgd40 over " + how].items():
                row = here.get(top if batch == "largest" else batch, {})
                line(f"pgd40 {network}, batch {batch}, over {how}", wanted, row.get(how))
    line("lbfgs over SciPy, one image at a time", WANTED["lbfgs over SciPy"], lbfgs)
    line("lbfgs on 10,000 images, seconds", MOST["lbfgs, seconds"], seconds, most=True)
    launch, loop = launch or {}, loop or {}
    ours, theirs = launch.get("matmul_micros"), loop.get("matmul_us")
    line("a launch of our kernel from Java, us", MOST["launch, us"], launch.get("kernel_micros"), most=True)
    line("cublasLt's product from Java, us over a C loop", MOST["library, us over C"],
         ours - theirs if ours and theirs else None, most=True)
    line("a node of a graph replay, us", MOST["node, us"], launch.get("node_micros"), most=True)
    copies = loop.get("copy_gigabytes")
    for name, rate in bandwidths(primitives) or [("elementwise work and pooling", None)]:
        line(f"{name}, of the copy bandwidth", WANTED["of the copy bandwidth"],
             rate / copies if rate and copies else None)
    return rows


def bandwidths(primitives):
    """Names and GB/s of elementwise work and pooling."""
    return [(r["name"], r["gigabytes"]) for r in primitives
            if isinstance(r.get("gigabytes"), float) and r["name"].split()[0] in ("relu", "max-pool", "average-pool")]

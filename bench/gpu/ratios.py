"""PyTorch's times over ours, from the files of one run, against what is wanted of them.

ratios.py FOLDER [--markdown]: reads conv-*.json, attack-*.json, lbfgs.json, launch.json, launch-c.json, primitives.json (ours) and
torch-*.json there; writes ratios.json and ratios.txt, and prints the table, as Markdown for the README if asked.
Each problem counts with the best setting of each side, of which the median of the rounds is taken.
"""
import glob
import os
import sys

import results


def collect(folder):
    def files(pattern):
        return sorted(glob.glob(os.path.join(folder, pattern)))

    ours = [row for f in files("conv-*.json") for row in results.rows_of_workbench(f)]
    theirs = [row for f in files("torch-conv-*.json") for row in results.read_json(f)["rows"]]
    attacks = []
    for f in files("attack-*.json"):
        for r in results.read_json(f)["results"]:
            if r.get("median_us"):
                batch = int(r["prb"].rsplit("-b", 1)[1])
                attacks.append({"network": r["name"], "attack": r["dir"].lower(), "batch": batch,
                                "micros": r["median_us"]})
    others = [row for f in files("torch-attack-*.json") for row in results.read_json(f)["rows"]]
    return (results.convolution_ratios(ours, theirs), results.attack_ratios(attacks, others), lbfgs(folder))


def lbfgs(folder):
    """SciPy's seconds an image over ours; None where one is missing."""
    ours, theirs = (os.path.join(folder, f) for f in ("lbfgs.json", "torch-lbfgs.json"))
    if not os.path.exists(ours) or not os.path.exists(theirs):
        return None
    mine = results.read_json(ours)
    return results.read_json(theirs)["seconds_per_image"] * len(mine["samples"]) / mine["seconds"]


def one(folder, name):
    """A file's content; None where it is missing or empty."""
    f = os.path.join(folder, name)
    return results.read_json(f) if os.path.exists(f) and os.path.getsize(f) else None


def lbfgs_seconds(folder):
    """Of the attack on (nearly) all of MNIST's test images; None for fewer."""
    mine = one(folder, "lbfgs.json")
    return mine["seconds"] if mine and len(mine["samples"]) > 9000 else None


def versions(folder):
    found = {}
    for f in sorted(glob.glob(os.path.join(folder, "*.json"))):
        content = results.read_json(f)
        side = "torch" if os.path.basename(f).startswith("torch-") else "ours"
        if isinstance(content, dict) and isinstance(content.get("versions"), dict):
            found.setdefault(side, content["versions"])
    return found


def table(judged):
    lines = [f"{'what':<58} {'wanted':>8} {'found':>8}  holds"]
    for row in judged:
        found = "not run" if row["found"] is None else f"{row['found']:.3f}"
        holds = {None: "", True: "yes", False: "NO"}[row["holds"]]
        wanted = ("<= " if row["most"] else ">= ") + f"{row['wanted']:.2f}"
        lines.append(f"{row['what']:<58} {wanted:>8} {found:>8}  {holds}")
    return "\n".join(lines) + "\n"


def markdown(judged):
    lines = ["| what | wanted | found | holds |", "|---|---|---|---|"]
    for row in judged:
        found = "not run" if row["found"] is None else f"{row['found']:.3g}"
        holds = {None: "", True: "yes", False: "**no**"}[row["holds"]]
        lines.append(f"| {row['what']} | {'at most' if row['most'] else 'at least'} {row['wanted']:g} | {found} | {holds} |")
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--markdown"]):
        sys.exit(__doc__)
    folder = sys.argv[1]
    convolutions, attacks, over_scipy = collect(folder)
    primitives = one(folder, "primitives.json") or {}
    judged = results.judge(convolutions, attacks, over_scipy, lbfgs_seconds(folder), one(folder, "launch.json"),
                           one(folder, "launch-c.json"), primitives.get("rows", []))
    results.write_json(os.path.join(folder, "ratios.json"), {
        "format": "blindspot-ratios-1", "versions": versions(folder), "wanted": judged, "convolutions": convolutions,
        "attacks": attacks, "lbfgs_over_scipy": over_scipy})
    with open(os.path.join(folder, "ratios.txt"), "w") as out:
        out.write(table(judged))
    print((markdown if sys.argv[2:] else table)(judged), end="")


if __name__ == "__main__":
    main()

"""Tests of what needs no PyTorch: python3 -m unittest discover bench/gpu."""
import contextlib
import gzip
import io
import json
import os
import struct
import tempfile
import unittest
from unittest import mock

import ratios
import results


def conv_row(name, way, micros, precision="FP32", setting="a"):
    return {"driver": "conv", "name": name, "pass": way, "precision": precision, "setting": setting, "micros": micros}


FIRST = 'mb16ic3ih224oc64oh55kh11sh4ph2n"alex1"'


class ResultsTest(unittest.TestCase):
    def test_shapes_are_read_as_the_workbench_reads_them(self):
        c = results.parse_convolution(FIRST)
        self.assertEqual((16, 3, 224, 224, 64, 11, 11, 55, 55),
                         tuple(c[k] for k in ("n", "c", "h", "w", "k", "r", "s", "p", "q")))
        self.assertEqual(((4, 4), (2, 2), (1, 1), 1), (c["stride"], c["pad"], c["dilation"], c["groups"]))
        c = results.parse_convolution("mb2_g2_ic4ih7iw9oc6kh3kw1dh1ph2pw0")
        self.assertEqual((7, 9), (c["p"], c["q"]))
        self.assertEqual(2.0 * 2 * 6 * 7 * 9 * 2 * 3, results.operations(c))
        with self.assertRaisesRegex(ValueError, "no field"):
            results.parse_convolution("mb2?ic3")

    def test_the_best_setting_of_the_median_round_counts(self):
        ours = [conv_row(FIRST, "BWD_D", t) for t in (9.0, 10.0, 30.0)]
        theirs = [conv_row(FIRST, "BWD_D", t, setting="eager") for t in (14.0, 12.0, 1.0)]
        theirs += [conv_row(FIRST, "BWD_D", 13.0, setting="captured"), conv_row(FIRST, "FWD_D", 1.0)]
        row, = results.convolution_ratios(ours, theirs)
        self.assertEqual((10.0, 12.0, "eager", True),
                         (row["ours_us"], row["torch_us"], row["torch"], row["first_layer"]))
        self.assertAlmostEqual(1.2, row["ratio"])

    def test_attacks_are_compared_by_mode(self):
        theirs = [{"network": "lenet", "attack": "pgd40", "batch": 1, "mode": m, "setting": s, "micros": t}
                  for m, s, t in (("eager", "NCHW", 40.0), ("eager", "NHWC", 30.0), ("captured", "NCHW", 12.0))]
        theirs.append({"network": "lenet", "attack": "pgd40", "batch": 64, "mode": "eager", "skipped": "memory"})
        row, = results.attack_ratios([{"network": "lenet", "attack": "pgd40", "batch": 1, "micros": 10.0}], theirs)
        self.assertEqual((3.0, 1.2, "NHWC"), (row["eager"], row["captured"], row["eager_setting"]))

    def test_what_was_not_measured_is_not_judged(self):
        for row in results.judge([], [], None):
            self.assertIsNone(row["holds"], row)

    def test_wanted_ratios_are_judged(self):
        convs = results.convolution_ratios([conv_row(FIRST, "BWD_D", 10.0)], [conv_row(FIRST, "BWD_D", 11.9)])
        attacks = [{"network": "lenet", "attack": "pgd40", "batch": b, "eager": 1.6, "captured": 1.3}
                   for b in (1, 64, 256)]
        holds = {r["what"]: r["holds"] for r in results.judge(convs, attacks, 99.0)}
        self.assertTrue(holds["convolution FP32, each"])
        self.assertTrue(holds["convolution FP32, geometric mean"])
        self.assertFalse(holds["first-layer backward-data, each"])
        self.assertFalse(holds["pgd40 lenet, batch 1, over eager"])
        self.assertTrue(holds["pgd40 lenet, batch 64, over eager"])
        self.assertTrue(holds["pgd40 lenet, batch largest, over eager"])
        self.assertTrue(holds["pgd40 lenet, batch 1, over captured"])
        self.assertFalse(holds["lbfgs over SciPy, one image at a time"])

    def test_the_largest_batch_is_that_which_both_hold(self):
        self.assertEqual(256, results.largest_that_both_hold({1024: 1, 256: 1}, {256: 1}))
        self.assertIsNone(results.largest_that_both_hold({1: 1}, {1: 1}))

    def test_idx_files_are_checked(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.gz")
            for data, good in ((struct.pack(">4I", 0x803, 2, 1, 2) + b"abcd", True),
                               (struct.pack(">4I", 0x803, 2, 1, 2) + b"abc", False), (b"\x00\x00\x0d\x01", False)):
                with gzip.open(path, "wb") as file:
                    file.write(data)
                if good:
                    self.assertEqual(((2, 1, 2), b"abcd"), results.read_idx(path))
                else:
                    self.assertRaises(ValueError, results.read_idx, path)

    def test_a_folder_of_results_becomes_a_table(self):
        with tempfile.TemporaryDirectory() as folder:
            def put(name, content):
                with open(os.path.join(folder, name), "w") as file:
                    json.dump(content, file)

            put("conv-FP32-1.json", {"versions": {"cudnn": "91900"}, "results": [
                {"driver": "conv", "prb": FIRST, "dir": "BWD_D", "precision": "FP32", "impl": "x", "median_us": 10.0},
                {"driver": "conv", "prb": FIRST, "dir": "FWD_D", "precision": "FP32", "skipped": "no"}]})
            put("torch-conv-1.json", {"versions": {"torch": "2"}, "rows": [conv_row(FIRST, "BWD_D", 13.0)]})
            put("attack-1.json", {"results": [
                {"name": "lenet", "dir": "PGD40", "prb": "lenet-pgd40-b64", "median_us": 100.0}]})
            put("torch-attack-1.json", {"rows": [
                {"network": "lenet", "attack": "pgd40", "batch": 64, "mode": "eager", "setting": "s",
                 "micros": 200.0}]})
            put("lbfgs.json", {"samples": [{}] * 10000, "seconds": 5.0})
            put("torch-lbfgs.json", {"seconds_per_image": 0.1})
            with mock.patch("sys.argv", ["ratios.py", folder]), contextlib.redirect_stdout(io.StringIO()) as out:
                ratios.main()
            found = results.read_json(os.path.join(folder, "ratios.json"))
            self.assertEqual({"ours": {"cudnn": "91900"}, "torch": {"torch": "2"}}, found["versions"])
            self.assertAlmostEqual(200.0, found["lbfgs_over_scipy"])
            self.assertRegex(out.getvalue(), "first-layer backward-data, each +>= 1.20 +1.300  yes")
            self.assertRegex(out.getvalue(), "pgd40 lenet, batch 64, over eager +>= 1.50 +2.000  yes")
            self.assertRegex(out.getvalue(), "batch 1, over eager +>= 3.00 +not run")
            self.assertRegex(out.getvalue(), "lbfgs on 10,000 images, seconds +<= 10.00 +5.000  yes")
            self.assertRegex(out.getvalue(), "over a C loop +<= 1.00 +not run")
            with mock.patch("sys.argv", ["ratios.py", folder, "--markdown"]), \
                    contextlib.redirect_stdout(io.StringIO()) as out:
                ratios.main()
            self.assertIn("| lbfgs on 10,000 images, seconds | at most 10 | 5 | yes |\n", out.getvalue())

    def test_costs_of_launches_are_judged(self):
        rows = [{"name": "relu 1x2", "gigabytes": 3000.0}, {"name": "max-pool 1", "gigabytes": 3500.0},
                {"name": "l2 norms 1x2", "gigabytes": 1.0}, {"name": "conv 1", "gigabytes": None}]
        launch = {"kernel_micros": 4.5, "matmul_micros": 4.0, "node_micros": 0.9}
        judged = results.judge([], [], None, 11.0, launch, {"matmul_us": 2.5, "copy_gigabytes": 4000.0}, rows)
        holds = {r["what"]: r["holds"] for r in judged if r["holds"] is not None}
        self.assertEqual({"lbfgs on 10,000 images, seconds": False, "a launch of our kernel from Java, us": False,
                          "cublasLt's product from Java, us over a C loop": False, "a node of a graph replay, us": True,
                          "relu 1x2, of the copy bandwidth": False, "max-pool 1, of the copy bandwidth": True}, holds)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The benchmarks run to their end and make sense; how fast it is here does not matter."""

import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))

from harness import check, equal, main, test  # noqa: E402

LIMIT_S = 300
MEDIAN_TO_MEAN = 1.2    # of a time whose longest are far from the others the median is less
SMALL = {"BENCH_SECONDS": "1", "BENCH_ROUNDS": "1", "BENCH_CONNECTIONS": "2",
         "BENCH_HISTORY": "1000", "BENCH_POLLED": "24", "BENCH_POLLED_SECONDS": "2",
         "BENCH_STOPPED": "20", "BENCH_FAIR_SECONDS": "1",
         "BENCH_WORKERS": "4", "BENCH_WORKERS_SECONDS": "1", "BENCH_UPLOAD": "1000000"}


@test
def all_parts():
    """Every part of `make bench`, small, prints a line and leaves a figure"""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "bench.json")
        run = subprocess.run(
            [sys.executable, os.path.join(HERE, "bench.py")], check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
            env={**os.environ, **SMALL, "BENCH_JSON": path})
        equal(run.returncode, 0, f"status of {run.stdout}")
        with open(path, encoding="utf-8") as file:
            figures = json.load(file)
    lives = figures["lives"]["2"]["actionkit"]
    # Two agents, one life after the other: no more than two are lived at any moment.
    check(0 < lives["rate"] * lives["p50"] / 1000 <= 2 * MEDIAN_TO_MEAN, f"lives: {lives}")
    check(lives["p50"] <= lives["p99"], f"the percentiles are of other things: {lives}")
    check(figures["idle"]["actionkit"] > 0, f"memory: {figures}")
    equal(figures["polled"]["executions"], 24, "active executions")
    equal(figures["stop-all"]["executions"], 20, "stopped executions")
    check(figures["workers"]["pss_kib"] > 0, f"workers: {figures}")
    if figures["status"]:
        for side in ("actionkit", "libfcgi echo"):
            check(figures["status"]["2"][side]["rate"] > 0, f"status: {figures}")
        check(figures["scraped"]["scraped"]["rate"] > 0, f"scraped: {figures}")
        check(figures["ratios"], "no ratios")


if __name__ == "__main__":
    main()

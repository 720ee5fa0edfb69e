"""Runs the same graphs in Troupe and in LangGraph, one after the other in turns, and prints a table of medians.

python compare.py PATH_OF_THE_PEERS_BENCH [ROUNDS]
"""

import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# Name, shape, steps, bytes of state that never change, runs in one process.
GRAPHS = [
    ("chain of 50", "chain", 50, 0, 10),
    ("chain of 50, 100 KB of unchanged state", "chain", 50, 100_000, 10),
    ("fan-out of 100", "fan-out", 100, 0, 5),
    ("fan-out of 1,000", "fan-out", 1_000, 0, 1),
    ("fan-out of 10,000", "fan-out", 10_000, 0, 1),
]

MEASURES = [
    ("cpu_us_a_step", "CPU a step, µs", 1),
    ("wall_us_a_step", "wall a step, µs", 1),
    ("bytes_a_run", "KB on disk a run", 1e-3),
    ("peak_mb", "peak memory, MB", 1),
]


def measure(command, graph):
    words = [str(word) for word in graph[1:]]
    done = subprocess.run(command + words, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    ours, rounds = [sys.argv[1]], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    theirs = [sys.executable, os.path.join(HERE, "langgraph_graphs.py")]
    print("| graph | measure | Troupe | LangGraph | ratio |\n|---|---|---|---|---|")
    for graph in GRAPHS:
        seen = {"ours": [], "theirs": []}
        for _ in range(rounds):
            seen["theirs"].append(measure(theirs, graph))
            seen["ours"].append(measure(ours, graph))
        for key, name, factor in MEASURES:
            mine, other = (statistics.median(one[key] for one in seen[who]) * factor for who in ("ours", "theirs"))
            print(f"| {graph[0]} | {name} | {mine:,.1f} | {other:,.1f} | {other / mine:,.1f} |", flush=True)


main()

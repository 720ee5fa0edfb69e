"""The graphs that are compared, in LangGraph with its SQLite checkpointer, every step durable before the next.

python langgraph_graphs.py chain|fan-out COUNT STATE_BYTES RUNS; prints one line of JSON.
"""

import json
import operator
import os
import random
import resource
import sqlite3
import sys
import tempfile
import time
from typing import Annotated, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send


class ChainState(TypedDict):
    n: int
    payload: str


class FanOutState(TypedDict):
    numbers: list[int]
    results: Annotated[list[int], operator.add]


def chain(count):
    """Steps one after the other, each of which adds 1 to what the one before gave."""
    graph = StateGraph(ChainState)
    for at in range(count):
        graph.add_node(f"s{at}", lambda state: {"n": state["n"] + 1})
        graph.add_edge(START if at == 0 else f"s{at - 1}", f"s{at}")
    graph.add_edge(f"s{count - 1}", END)
    return graph


def fan_out():
    """A step for every number of a list, all wanted at once."""
    graph = StateGraph(FanOutState)
    graph.add_node("work", lambda state: {"results": [state["n"] + 1]})
    graph.add_conditional_edges(
        START, lambda state: [Send("work", {"n": n}) for n in state["numbers"]], ["work"]
    )
    graph.add_edge("work", END)
    return graph


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_mb():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def bytes_of(folder):
    return sum(entry.stat().st_size for entry in os.scandir(folder))


def main():
    shape, count, state_bytes, runs = sys.argv[1], *map(int, sys.argv[2:5])
    # Beside this file: a temporary folder may be in memory, where nothing is durable.
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(__file__))) as folder:
        connection = sqlite3.connect(os.path.join(folder, "checkpoints.db"), check_same_thread=False)
        saver = SqliteSaver(connection)
        saver.setup()
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        connection.execute("PRAGMA synchronous=FULL")
        graph = (chain(count) if shape == "chain" else fan_out()).compile(checkpointer=saver)
        # Text that does not compress to nothing, which no step changes.
        state = "".join(random.Random(7).choices([chr(code) for code in range(33, 127)], k=state_bytes))
        begun, cpu = time.monotonic(), cpu_seconds()
        for run in range(runs):
            config = {"configurable": {"thread_id": str(run)}, "recursion_limit": count + 10}
            if shape == "chain":
                ended = graph.invoke({"n": 0, "payload": state}, config, durability="sync")
                assert ended["n"] == count
            else:
                ended = graph.invoke({"numbers": list(range(count)), "results": []}, config, durability="sync")
                assert sum(ended["results"]) == count * (count + 1) // 2
        cpu, wall = cpu_seconds() - cpu, time.monotonic() - begun
        connection.close()
        print(json.dumps({
            "cpu_us_a_step": cpu * 1e6 / (runs * count),
            "wall_us_a_step": wall * 1e6 / (runs * count),
            "bytes_a_run": bytes_of(folder) / runs,
            "peak_mb": peak_mb(),
            "journal": f"{mode}, synchronous=FULL, durability=sync",
        }))


main()

"""A-RAG's keyword search as the paper's code has it: every chunk is looked through for every query.

    python scan.py make FOLDER CHUNKS CORPUS.jsonl...   writes corpus.jsonl and queries.json for both sides
    python scan.py run FOLDER                           scans, and writes scan.json: times and rankings

The chunks are the passages of the corpora; beyond their number they come again with a third of their words taken from
other passages. The queries are made from `questions.jsonl` beside the corpora. `cli/benches/scan.rs` reads all three.
"""

import argparse
import json
import random
import re
import statistics
import time
from pathlib import Path

from sets import STOP_WORDS, lines, titled

TOP_K = 5
SNIPPET_SENTENCES = 5
QUERIES = 100


def make(folder, count, corpora):
    """Real passages first, then variations on them, until there are `count`."""
    passages = [titled(passage) for corpus in corpora for passage in lines(corpus)]
    chance = random.Random(count)
    split = [passage.split(" ") for passage in passages]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "corpus.jsonl", "w", encoding="utf-8") as file:
        for at in range(count):
            text = passages[at % len(passages)]
            if at >= len(passages):
                other = chance.choice(split)
                words = [chance.choice(other) if chance.random() < 1 / 3 else w for w in split[at % len(split)]]
                text = " ".join(words)
            file.write(json.dumps({"id": str(at), "text": text}, ensure_ascii=False) + "\n")
    asked = [q["question"] for corpus in corpora for q in lines(corpus.with_name("questions.jsonl"))]
    queries = [keywords(question) for question in asked[:: max(1, len(asked) // QUERIES)]][:QUERIES]
    with open(folder / "queries.json", "w", encoding="utf-8") as file:
        json.dump(queries, file, ensure_ascii=False)


def keywords(question):
    """What an agent would look for: one to three runs of capitalised words, or the longest two words."""
    runs, last = [], []
    for at, word in enumerate(question.split()):
        bare = word.strip("\"'()[],.?!:;")
        if at > 0 and bare and (bare[0].isupper() or bare[0].isdigit()):
            last.append(bare)
        elif last:
            runs.append(" ".join(last))
            last = []
    if last:
        runs.append(" ".join(last))
    plain = [w for w in re.findall(r"\w+", question) if w.lower() not in STOP_WORDS]
    return runs[:3] or sorted(plain, key=len, reverse=True)[:2]


def keyword_search(chunks, lowered, wanted, top_k=TOP_K):
    """`(id, snippet)` of the best chunks by Σ count · length; ties keep the corpus's order.

    `lowered` has the texts in lower case; without it they are made for every query.
    """
    found = []
    for at, (id, text) in enumerate(chunks):
        low = lowered[at] if lowered else text.lower()
        score = 0
        for keyword in wanted:
            score += low.count(keyword.lower()) * len(keyword)
        if score > 0:
            found.append((score, id, text))
    found.sort(key=lambda hit: -hit[0])
    return [(id, snippet(text, wanted)) for _, id, text in found[:top_k]]


def snippet(text, wanted):
    sentences = [piece.strip() for piece in re.split(r"[.!?\n]+", text)]
    low = [keyword.lower() for keyword in wanted]
    return [s for s in sentences if s and any(k in s.lower() for k in low)][:SNIPPET_SENTENCES]


def run(folder):
    chunks = [(chunk["id"], chunk["text"]) for chunk in lines(folder / "corpus.jsonl")]
    queries = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    result = {"chunks": len(chunks), "rankings": None}
    for name, lowered in (("scan", None), ("scan_of_lowered", [text.lower() for _, text in chunks])):
        times, rankings = [], []
        for query in queries:
            start = time.perf_counter()
            hits = keyword_search(chunks, lowered, query)
            times.append((time.perf_counter() - start) * 1e3)
            rankings.append([{"id": id, "sentences": sentences} for id, sentences in hits])
        result[f"{name}_p50_ms"] = statistics.median(times)
        assert result["rankings"] in (None, rankings)
        result["rankings"] = rankings
        print(f"{name}: {len(chunks)} chunks, {len(queries)} queries, p50 {statistics.median(times):.2f} ms", flush=True)
    (folder / "scan.json").write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


def main():
    arguments = argparse.ArgumentParser()
    does = arguments.add_subparsers(required=True, dest="does")
    makes = does.add_parser("make")
    makes.add_argument("folder", type=Path)
    makes.add_argument("chunks", type=int)
    makes.add_argument("corpora", type=Path, nargs="+")
    does.add_parser("run").add_argument("folder", type=Path)
    given = arguments.parse_args()
    if given.does == "make":
        make(given.folder, given.chunks, given.corpora)
    else:
        run(given.folder)


if __name__ == "__main__":
    main()

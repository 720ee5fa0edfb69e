"""Recall of BM25, of all-MiniLM-L6-v2 and of both by reciprocal rank fusion, as references for Troupe's searches.

    python recall.py MODEL SET...        prints a Markdown table for each set; --json FILE keeps the figures

MODEL is the folder with config.json, tokenizer.json and model.safetensors; SET a folder with corpus.jsonl and
questions.jsonl. A passage's score by MiniLM is the largest cosine of one of its sentences to the question.
With --cache DIR, vectors are kept there and not made again.
"""

import argparse
import json
import math
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from sets import Questions, sentences, words

K1, B = 1.2, 0.75
FUSION = 10
# How far down the two rankings fusion looks.
DEPTHS = (100, None)
CUTS = (5, 20)


def bm25(texts, questions):
    """The positions of the best passages for each question; ties keep the corpus's order."""
    postings, lengths = defaultdict(list), []
    for at, text in enumerate(texts):
        counts = Counter(words(text))
        lengths.append(sum(counts.values()))
        for word, count in counts.items():
            postings[word].append((at, count))
    mean = sum(lengths) / len(lengths)
    rankings = []
    for question in questions:
        scores = defaultdict(float)
        for word in dict.fromkeys(words(question)):
            holding = postings.get(word, ())
            rarity = math.log((len(texts) - len(holding) + 0.5) / (len(holding) + 0.5) + 1.0)
            for at, count in holding:
                scores[at] += rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * lengths[at] / mean))
        rankings.append(sorted(scores, key=lambda at: (-scores[at], at)))
    return rankings


class MiniLM:
    """Mean of the last layer's vectors over the tokens, L2-normalised; at most 256 tokens of a text."""

    def __init__(self, folder):
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModel

        torch.set_num_threads(1)
        self.torch = torch
        self.model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.tokenizer.enable_truncation(256)
        self.tokenizer.enable_padding()

    def embed(self, texts, batch=64):
        vectors = np.zeros((len(texts), self.model.config.hidden_size), np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            encoded = self.tokenizer.encode_batch([texts[at] for at in chosen])
            ids = self.torch.tensor([e.ids for e in encoded])
            mask = self.torch.tensor([e.attention_mask for e in encoded])
            with self.torch.inference_mode():
                hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).float()
            mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
            vectors[chosen] = self.torch.nn.functional.normalize(mean, dim=1).numpy()
        return vectors

    def kept(self, texts, path):
        if path and path.exists():
            return np.load(path)
        vectors = self.embed(texts)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, vectors)
        return vectors

    def rank(self, texts, questions, cache=None):
        cut, owner = [], []
        for at, text in enumerate(texts):
            for sentence in sentences(text):
                cut.append(sentence)
                owner.append(at)
        # equal sentences have equal vectors
        distinct = list(dict.fromkeys(cut))
        place = {sentence: at for at, sentence in enumerate(distinct)}
        kept = (cache.with_suffix(".sentences.npy"), cache.with_suffix(".questions.npy")) if cache else (None, None)
        vectors = self.kept(distinct, kept[0])[[place[sentence] for sentence in cut]]
        owner = np.array(owner)
        rankings = []
        for query in self.kept(questions, kept[1]):
            best = np.full(len(texts), -2.0, np.float32)
            np.maximum.at(best, owner, vectors @ query)
            rankings.append(np.argsort(-best, kind="stable").tolist())
        return rankings, len(cut)


def fused(depth, *rankings):
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009), ranks from 1; theirs is k = 60."""
    result = []
    for lists in zip(*rankings):
        scores = defaultdict(float)
        for ranking in lists:
            for rank, at in enumerate(ranking[:depth], 1):
                scores[at] += 1.0 / (FUSION + rank)
        result.append(sorted(scores, key=lambda at: (-scores[at], at)))
    return result


def figures(rankings, gold):
    """recall@k: the share of gold passages found, mean over questions; full@k: of questions with all found."""
    row = {}
    for cut in CUTS:
        shares = [len(set(found[:cut]) & set(wanted)) / len(set(wanted)) for found, wanted in zip(rankings, gold)]
        row[f"recall@{cut}"] = round(sum(shares) / len(shares), 4)
        row[f"full@{cut}"] = round(sum(share == 1.0 for share in shares) / len(shares), 4)
    return row


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model")
    arguments.add_argument("sets", nargs="+")
    arguments.add_argument("--json")
    arguments.add_argument("--cache", type=Path)
    given = arguments.parse_args()
    model, kept = MiniLM(given.model), {}
    for folder in given.sets:
        data, start = Questions(folder), time.process_time()
        by_words = bm25(data.texts, data.questions)
        by_meaning, count = model.rank(data.texts, data.questions, given.cache and given.cache / data.name)
        rows = {
            "BM25": figures(by_words, data.gold),
            "MiniLM": figures(by_meaning, data.gold),
        }
        for depth in DEPTHS:
            name = f"RRF(BM25, MiniLM), {depth or 'all'} ranks"
            rows[name] = figures(fused(depth, by_words, by_meaning), data.gold)
        kept[data.name] = rows
        print(f"\n{data.name}: {len(data.questions)} questions, {len(data.texts)} passages, {count} sentences", end="")
        print(f" ({time.process_time() - start:.0f} s of processor time)\n")
        columns = [f"{name}@{cut}" for cut in CUTS for name in ("recall", "full")]
        print("| method | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
        for name, row in rows.items():
            print(f"| {name} | " + " | ".join(f"{row[column]:.4f}" for column in columns) + " |", flush=True)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()

"""What the references share: a question set on disk, and the words and sentences that Troupe cuts."""

import json
import re
from pathlib import Path

# As in tools/src/corpus/words.rs.
STOP_WORDS = frozenset(
    "a an and are as at be by did do does for from has he her his how in is it its of on or that the their they "
    "this to was were what when where which who will with you we been".split()
)
# As in tools/src/sentence.rs: cut at each of these, keep for vectors what is longer than 10 characters.
SENTENCE_END = re.compile(r"[.!?\n]")
EMBEDDED_ABOVE = 10


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def titled(passage):
    """A passage's text as a corpus holds it: the title is a line of its own before it."""
    title = (passage.get("title") or "").strip()
    return f"{title}\n{passage['text']}" if title else passage["text"]


def words(text):
    return [word for word in re.findall(r"\w+", text.lower()) if word not in STOP_WORDS]


def sentences(text):
    """The sentences that get a vector."""
    pieces = (piece.strip() for piece in SENTENCE_END.split(text))
    return [piece for piece in pieces if len(piece) > EMBEDDED_ABOVE]


class Questions:
    """A folder with `corpus.jsonl` and `questions.jsonl`: texts, questions, and the positions of gold passages."""

    def __init__(self, folder):
        folder = Path(folder)
        passages = lines(folder / "corpus.jsonl")
        self.name = folder.name
        self.texts = [titled(passage) for passage in passages]
        position = {passage["id"]: at for at, passage in enumerate(passages)}
        asked = [q for q in lines(folder / "questions.jsonl") if q.get("gold_complete", True)]
        self.questions = [q["question"] for q in asked]
        self.gold = [[position[id] for id in q["gold_passages"]] for q in asked]

"""Trains a byte-level BPE on files of text and writes it as a tokenizer.json.

    python vocabulary.py OUT.json FILE...
"""

import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

out, *files = sys.argv[1:]
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
alphabet = pre_tokenizers.ByteLevel.alphabet()
tokenizer.train(files, trainers.BpeTrainer(vocab_size=32_000, initial_alphabet=alphabet, show_progress=False))
tokenizer.save(out)
print(tokenizer.get_vocab_size(), "words")

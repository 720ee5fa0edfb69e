"""Sentences a second of MiniLM on onnxruntime: the same sentences and batches as models/benches/embedding.rs.

    python embedding.py CORPUS.jsonl MODEL-FOLDER THREADS     # needs onnxruntime, onnx, onnxscript, torch, transformers
"""

import json
import os
import re
import sys
import tempfile
import time

import onnxruntime
import torch
import transformers
from tokenizers import Tokenizer

corpus, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
texts = [json.loads(line).get("text", "") for line in open(corpus, encoding="utf8")]
sentences = [s.strip() for text in texts for s in re.split(r"(?<=\. )", text)]
sentences = [s for s in sentences if len(s.encode()) > 10]
few = sentences[:: max(1, len(sentences) // 512)][:512]

made = Tokenizer.from_file(folder + "/tokenizer.json")
made.no_padding()
made.enable_truncation(256)
made.enable_padding()
path = os.path.join(tempfile.mkdtemp(), "model.onnx")
model = transformers.BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager").eval().requires_grad_(False)


class Hidden(torch.nn.Module):
    """The last states by position: what the exporter can call."""

    def forward(self, ids, mask, kinds):
        return model(input_ids=ids, attention_mask=mask, token_type_ids=kinds).last_hidden_state


names = ["input_ids", "attention_mask", "token_type_ids"]
example = tuple(torch.ones(2, 8, dtype=torch.long) for _ in names)
axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "hidden"]}
torch.onnx.export(Hidden().eval(), example, path, input_names=names, output_names=["hidden"], dynamic_axes=axes, dynamo=False)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

for batch in (32, 256):
    wall, busy = 1e9, 1e9
    for _ in range(3):
        start, before = time.perf_counter(), time.process_time()
        # Texts of like length go together, as they do in the other program.
        order = sorted(few, key=len) if batch == 256 else few
        for at in range(0, len(order), batch):
            encoded = made.encode_batch(order[at : at + batch])
            inputs = {
                "input_ids": [e.ids for e in encoded],
                "attention_mask": [e.attention_mask for e in encoded],
                "token_type_ids": [e.type_ids for e in encoded],
            }
            session.run(None, {name: torch.tensor(ids).numpy() for name, ids in inputs.items()})
        wall, busy = min(wall, time.perf_counter() - start), min(busy, time.process_time() - before)
    print(f"onnxruntime {threads} threads, batches of {batch}: {512 / wall:.0f} a second, {512 / busy:.0f} a CPU second")

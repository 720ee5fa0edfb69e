"""Decoding on a device: Qwen3-4B's shape, random weights in bfloat16, 64 answers of one 2,048-token prompt.

Troupe and transformers' continuous batching write the same number of tokens in one run; the memory's speed is measured
by a copy on the device. Needs a machine with one of Nvidia's devices, torch and transformers:

    cargo build --release -p troupe --features cuda
    LD_LIBRARY_PATH=$(python3 -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/nvidia/cu13/lib \
        python3 benches/local/device.py target/release/troupe
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import torch
from transformers import AutoModelForCausalLM, GenerationConfig, Qwen3Config

SHAPE = dict(
    hidden_size=2560,
    intermediate_size=9728,
    num_hidden_layers=36,
    num_attention_heads=32,
    num_key_value_heads=8,
    head_dim=128,
    vocab_size=151_936,
    max_position_embeddings=40_960,
    rms_norm_eps=1e-6,
    rope_theta=1_000_000.0,
    tie_word_embeddings=True,
)


def weights(folder: pathlib.Path) -> None:
    torch.manual_seed(20261201)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(Qwen3Config(**SHAPE))
    model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    # What Troupe reads, whichever names this version writes.
    config["rope_theta"] = SHAPE["rope_theta"]
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def troupe(program: str, folder: pathlib.Path, prompt: int, tokens: int) -> list[dict]:
    command = [program, "models", "bench", folder.name, "--device", "cuda", "--json"]
    command += ["--prompt", str(prompt), "--tokens", str(tokens)]
    environment = os.environ | {"TROUPE_MODELS": str(folder.parent)}
    told = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(told)["runs"]


def transformers(folder: pathlib.Path, answers: int, prompt: int, tokens: int) -> float:
    """Tokens a second of writing: the time of a long answer less that of a short one."""
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.bfloat16, device_map="cuda", attn_implementation="sdpa"
    )
    generator = torch.Generator().manual_seed(1)
    shared = torch.randint(0, SHAPE["vocab_size"], (prompt,), generator=generator).tolist()

    def seconds(length: int) -> float:
        settings = GenerationConfig(max_new_tokens=length, do_sample=False, eos_token_id=-1, pad_token_id=0)
        torch.cuda.synchronize()
        begun = time.perf_counter()
        model.generate_batch(inputs=[shared] * answers, generation_config=settings, progress_bar=False)
        torch.cuda.synchronize()
        return time.perf_counter() - begun

    seconds(4)
    return answers * (tokens - 4) / (seconds(tokens) - seconds(4))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("troupe", help="the program, built with --features cuda")
    arguments.add_argument("--prompt", type=int, default=2048)
    arguments.add_argument("--tokens", type=int, default=64)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place) / "qwen3-4b-noise"
        weights(folder)
        torch.cuda.empty_cache()
        for run in troupe(asked.troupe, folder, asked.prompt, asked.tokens):
            what = "of one prompt" if run["asked"]["is_shared"] else "of their own prompts"
            device = run["written"] / run["stepping"]
            share = run["stepping_share_of_bandwidth"]
            print(
                f"troupe        {run['asked']['sequences']:3} answers {what:20} {run['writing_speed']:8.0f} tokens/s, "
                f"{device:8.0f} on the device: {share:.0%} of {run['bandwidth'] / 1e9:.0f} GB/s"
            )
        speed = transformers(folder, 64, asked.prompt, asked.tokens)
        print(f"transformers   64 answers of one prompt        {speed:8.0f} tokens/s")


if __name__ == "__main__":
    main()

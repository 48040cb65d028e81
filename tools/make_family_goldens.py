#!/usr/bin/env python3
"""Makes tests/golden/families: tiny random models of every family, and the logits that Hugging Face
transformers computes with them.

Each folder holds a model as transformers saves it (config.json, model.safetensors), the same model
as a GGUF (model.gguf, for the families that llama.cpp has) written with the `gguf` package by the
conventions of llama.cpp's converter, golden.json (tokens, and the positions whose logits are kept)
and logits.bin (float32, positions x vocabulary). Weights are float16 numbers, the arithmetic is
float32.

    pip install torch transformers gguf
    python tools/make_family_goldens.py tests/golden/families
"""

import json
import pathlib
import shutil
import sys

import gguf
import numpy as np
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

SEED = 20250607
TOKENS = 48
POSITIONS = [0, 1, 2, 3, 7, 8, 9, 15, 16, 31, 46, 47]
SIZES = dict(
    vocab_size=64,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=256,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
)
LLAMA3_ROPE = dict(
    rope_type="llama3",
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=64,
)
YARN_ROPE = dict(
    rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64
)


class Family:
    """A row of the table: what config.json says beyond SIZES, and the GGUF architecture."""

    def __init__(self, model_type, arch=None, older=None, **config):
        self.model_type = model_type
        self.arch = arch  # of the GGUF; None = no GGUF
        self.older = older  # keys as transformers before 5 wrote them, in place of rope_parameters
        self.config = config


FAMILIES = {
    "llama2": Family("llama", rms_norm_eps=1e-5, num_key_value_heads=4),
    "llama3": Family(
        "llama",
        "llama",
        older=dict(rope_theta=500000.0, rope_scaling=LLAMA3_ROPE),
        head_dim=16,
        rope_parameters=dict(LLAMA3_ROPE, rope_theta=500000.0),
    ),
    "llama_linear_bias": Family(
        "llama",
        "llama",
        older=dict(rope_theta=10000.0, rope_scaling=dict(type="linear", factor=4.0)),
        attention_bias=True,
        mlp_bias=True,
        rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=10000.0),
    ),
    "llama_yarn": Family("llama", "llama", head_dim=16, rope_parameters=YARN_ROPE),
    "smollm2": Family("llama", "llama", tie_word_embeddings=True),
    "mistral": Family("mistral", head_dim=16, sliding_window=8),
    "mixtral": Family(
        "mixtral", "llama", intermediate_size=24, num_local_experts=4, num_experts_per_tok=2
    ),
    "qwen2": Family("qwen2", "qwen2", tie_word_embeddings=True),
    "qwen2_window": Family(
        "qwen2", use_sliding_window=True, sliding_window=8, max_window_layers=1
    ),
    "qwen3": Family("qwen3", "qwen3", head_dim=16),
    "nemotron": Family("nemotron", "nemotron", num_attention_heads=2, num_key_value_heads=1),
    "smollm3": Family(
        "smollm3",
        "smollm3",
        num_hidden_layers=4,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=10000.0),
    ),
    "gemma3": Family(
        "gemma3_text",
        "gemma3",
        head_dim=16,
        query_pre_attn_scalar=16,
        sliding_window=8,
        num_hidden_layers=6,
        intermediate_size=32,
        num_attention_heads=2,
        num_key_value_heads=1,
    ),
    "gemma3_scaled": Family(
        "gemma3_text",
        older=dict(
            rope_theta=1e6,
            rope_local_base_freq=10000.0,
            rope_scaling=dict(rope_type="linear", factor=8.0),
            sliding_window_pattern=2,
        ),
        head_dim=16,
        query_pre_attn_scalar=24,
        sliding_window=8,
        layer_types=["sliding_attention", "full_attention"],
        rope_parameters=dict(
            full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1e6),
            sliding_attention=dict(rope_type="default", rope_theta=10000.0),
        ),
    ),
}


def draw_weights(model, generator):
    """Weights for which every part matters: attention is uneven, and logits are of order one."""
    stores_offset = model.config.model_type in ("gemma3_text", "nemotron")  # norms as w - 1
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("bias"):
            value = 0.3 * noise
        elif parameter.ndim == 1:
            value = 0.2 * noise + (0.0 if stores_offset else 1.0)
        elif "embed_tokens" in name:
            value = 0.7 * noise
        else:
            gain = 1.6 if ("q_proj" in name or "k_proj" in name) else 1.0
            value = gain * noise / parameter.shape[-1] ** 0.5
        parameter.data.copy_(value.to(torch.float16).to(torch.float32))


def logits_of(model, tokens):
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0].numpy().astype(np.float32)


def use_older_config(folder, older, tokens, expected):
    """Rewrites config.json with the keys of earlier transformers; proves that it says the same."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config.pop("rope_parameters")
    config.pop("layer_types", None)
    config.update(older)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    again = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    assert np.array_equal(logits_of(again, tokens), expected), folder


def pair_neighbours(weight, heads):
    """Rows of Q and K reordered within each head from halves to adjacent pairs."""
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(weight.shape))


def gguf_tensors(model, family):
    """(GGUF name, array) of every weight, by llama.cpp's conventions."""
    config = model.config
    names = gguf.get_tensor_name_map(
        gguf.MODEL_ARCH[family.arch.upper()], config.num_hidden_layers
    )
    for name, parameter in model.named_parameters():
        value = parameter.detach().numpy()
        if family.arch in ("llama", "smollm3"):
            for projection, heads in (
                ("q_proj", config.num_attention_heads),
                ("k_proj", config.num_key_value_heads),
            ):
                if projection in name:
                    value = pair_neighbours(value, heads)
        if family.arch in ("gemma3", "nemotron") and name.endswith("norm.weight"):
            value = value + 1
        if ".mlp.experts." in name or ".mlp.gate.weight" in name:
            yield from gguf_experts(name, value)
            continue
        yield names.get_name(name, try_suffixes=(".weight", ".bias")), value
    if family.config.get("rope_parameters", {}).get("rope_type") == "llama3":
        dim = config.head_dim
        plain = config.rope_parameters["rope_theta"] ** -(np.arange(0, dim, 2) / dim)
        yield "rope_freqs.weight", plain / model.model.rotary_emb.inv_freq.numpy()


def gguf_experts(name, value):
    layer = "blk." + name.split(".")[2]
    if name.endswith("mlp.gate.weight"):
        yield f"{layer}.ffn_gate_inp.weight", value
    elif name.endswith("down_proj"):
        yield f"{layer}.ffn_down_exps.weight", value
    else:
        gate, up = np.split(value, 2, axis=1)
        yield f"{layer}.ffn_gate_exps.weight", gate
        yield f"{layer}.ffn_up_exps.weight", up


def add_rope(writer, config):
    rope = config.rope_parameters
    if config.model_type == "gemma3_text":
        writer.add_rope_freq_base(rope["full_attention"]["rope_theta"])
        return
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def write_gguf(path, model, family):
    config = model.config
    writer = gguf.GGUFWriter(path, family.arch)
    head_dim = getattr(config, "head_dim", None) or (
        config.hidden_size // config.num_attention_heads
    )
    writer.add_vocab_size(config.vocab_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    if family.arch == "nemotron":
        writer.add_layer_norm_eps(config.norm_eps)
        writer.add_rope_dimension_count(
            int(head_dim * config.rope_parameters["partial_rotary_factor"])
        )
    else:
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        if family.arch != "gemma3":
            writer.add_rope_dimension_count(head_dim)
    if family.arch == "gemma3":
        writer.add_sliding_window(config.sliding_window)
    if family.model_type == "mixtral":
        writer.add_expert_count(config.num_local_experts)
        writer.add_expert_used_count(config.num_experts_per_tok)
    add_rope(writer, config)
    writer.add_tokenizer_model("no_vocab")
    for name, value in gguf_tensors(model, family):
        plain = value.ndim == 1 or "ffn_gate_inp" in name  # as the converter keeps them
        writer.add_tensor(name, value.astype(np.float32 if plain else np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(folder, family, seed):
    generator = torch.Generator().manual_seed(seed)
    config = AutoConfig.for_model(family.model_type, **{**SIZES, **family.config})
    model = AutoModelForCausalLM.from_config(
        config, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    draw_weights(model, generator)
    tokens = torch.randint(3, config.vocab_size, (TOKENS,), generator=generator).tolist()
    logits = logits_of(model, tokens)

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if family.arch:
        write_gguf(folder / "model.gguf", model, family)
    model.to(torch.float16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "model.safetensors").chmod(0o644)
    if family.older:
        use_older_config(folder, family.older, tokens, logits)
    golden = {"tokens": tokens, "positions": POSITIONS, "vocab": config.vocab_size}
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    logits[POSITIONS].tofile(folder / "logits.bin")
    spread = logits.std()
    assert 0.3 < spread < 10, f"{folder.name}: logits with deviation {spread}"
    print(f"{folder.name}: {sum(f.stat().st_size for f in folder.iterdir())} bytes, {spread:.2f}")


def main():
    root = pathlib.Path(sys.argv[1])
    for index, (name, family) in enumerate(FAMILIES.items()):
        make(root / name, family, SEED + index)
    versions = {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "numpy": np.__version__,
    }
    (root / "PROVENANCE.md").write_text(
        "# Where these files come from\n\n"
        "Made by `python tools/make_family_goldens.py tests/golden/families`: random weights (seed "
        f"{SEED} + index), logits by Hugging Face transformers in float32 with eager attention, "
        "GGUFs by the `gguf` package. Nothing here is anybody's trained model.\n\n"
        + "".join(f"- {name} {version}\n" for name, version in versions.items())
    )


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes tests/golden/lora/: a tiny model, and what PyTorch and PEFT make of 50 steps.

    python3 -m venv venv && venv/bin/pip install torch transformers peft
    venv/bin/python tools/make_lora_golden.py tests/golden/lora

Everything is float32 on one thread. The model's weights are rounded to bfloat16, so that they are
small here and exact there. The adapters begin as A = what PEFT drew (start.safetensors), B = 0.
"""

import json
import pathlib
import sys

import peft
import torch
import transformers
from safetensors.torch import save_file

STEPS, ROWS, RANK, ALPHA, RATE = 50, 24, 4, 8, 1e-2
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CONFIG = transformers.LlamaConfig(
    vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, head_dim=8, max_position_embeddings=128, rms_norm_eps=1e-5,
    tie_word_embeddings=True)


def tiny_model():
    model = transformers.LlamaForCausalLM(CONFIG)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            wide = 0.3 if weight.dim() > 1 else 0.1
            drawn = torch.randn(weight.shape) * wide + (weight.dim() == 1)
            weight.copy_(drawn.bfloat16().float())
    return model


def documents():
    """(tokens, label mask) of each step: two documents, the first third of each only read."""
    for _ in range(STEPS):
        yield [torch.randint(0, CONFIG.vocab_size, (n,)).tolist() for n in (ROWS, ROWS // 2)]


def labels_of(tokens):
    labels = list(tokens)
    for i in range(len(tokens) // 3):
        labels[i] = -100
    return labels


def loss_of(model, step):
    total, count = 0.0, 0
    for tokens in step:
        labels = torch.tensor([labels_of(tokens)])
        logits = model(input_ids=torch.tensor([tokens])).logits
        total = total + torch.nn.functional.cross_entropy(
            logits[0, :-1], labels[0, 1:], ignore_index=-100, reduction="sum")
        count += int((labels[0, 1:] >= 0).sum())
    return total / count


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(1)
    torch.set_num_threads(1)
    tiny_model().bfloat16().save_pretrained(folder / "model")
    base = tiny(folder)
    config = peft.LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, lora_dropout=0.0,
                             task_type="CAUSAL_LM")
    model = peft.get_peft_model(base, config)
    learning = {name.replace(".default", ""): p for name, p in model.named_parameters()
                if p.requires_grad}
    save_file({name: p.detach().contiguous() for name, p in learning.items() if "lora_A" in name},
              folder / "start.safetensors")
    adamw = torch.optim.AdamW(learning.values(), lr=RATE, weight_decay=0.01)
    steps = []
    for number, step in enumerate(documents(), 1):
        loss = loss_of(model, step)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(learning.values(), float("inf"))
        gradients = {name: p.grad.detach().clone() for name, p in learning.items()}
        if number in (1, 2, STEPS):
            save_file(gradients, folder / f"gradients-{number}.safetensors")
        torch.nn.utils.clip_grad_norm_(learning.values(), 1.0)
        adamw.step()
        adamw.zero_grad()
        steps.append({"documents": step, "loss": loss.item(), "gradient_norm": norm.item(),
                      "norms": [float(f"{g.norm().item():.8g}") for g in gradients.values()]})
    save_file({name: p.detach().contiguous() for name, p in learning.items()},
              folder / "end.safetensors")
    made_by = {m.__name__: m.__version__ for m in (torch, transformers, peft)}
    golden = {"made_by": made_by, "rank": RANK, "alpha": ALPHA, "learning_rate": RATE,
              "weight_decay": 0.01, "names": list(learning), "steps": steps}
    (folder / "steps.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    # One full gradient of every weight, without adapters.
    whole = tiny(folder)
    loss_of(whole, steps[0]["documents"]).backward()
    save_file({name: p.grad for name, p in whole.named_parameters()},
              folder / "gradients-full.safetensors")


def tiny(folder):
    return transformers.LlamaForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)


main()

#!/usr/bin/env python3
"""llama.cpp's side of the quality table: perplexity, and the divergence from float32 logits.

    tokenmill quantize MODEL f32.gguf --type F32
    tokenmill perplexity f32.gguf --kv-type f32 --file TEXT --windows 8 --save-logits base.bin
    python3 tools/peer_quality.py MODEL base.bin --windows 8

Needs llama-cpp-python and numpy. The windows' tokens are those that tokenmill saved, so both
programs judge the same positions; the rows are those of `tokenmill perplexity`: the second half of
each window.
"""
import argparse
import ctypes
import json

import llama_cpp
import numpy as np


def log_softmax(rows):
    rows = rows.astype(np.float64)
    rows -= rows.max(axis=1, keepdims=True)
    return rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))


def opened(path, context, threads):
    silent = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(
        path.encode(), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = context
    params.n_threads = params.n_threads_batch = threads
    return model, llama_cpp.llama_init_from_model(model, params), silent


def window_logits(model, context, tokens):
    vocab = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    half = len(tokens) // 2
    batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
    batch.n_tokens = len(tokens)
    for i, token in enumerate(tokens):
        batch.token[i], batch.pos[i], batch.n_seq_id[i] = int(token), i, 1
        batch.seq_id[i][0], batch.logits[i] = 0, i >= half
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    if llama_cpp.llama_decode(context, batch) != 0:
        raise SystemExit("llama_decode failed")
    rows = [np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, i), (vocab,)).copy()
            for i in range(half, len(tokens))]
    llama_cpp.llama_batch_free(batch)
    return np.stack(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("base", help="file of tokenmill perplexity --save-logits")
    parser.add_argument("--windows", type=int, required=True)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    model, context, silent = opened(options.model, options.context, options.threads)
    vocab = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    nll, divergence, same_top, count = 0.0, 0.0, 0, 0
    with open(options.base, "rb") as base:
        for _ in range(options.windows):
            tokens = np.frombuffer(base.read(4 * options.context), np.int32)
            half = options.context // 2
            rows = options.context - half
            wanted = np.frombuffer(base.read(4 * rows * vocab), np.float32).reshape(rows, vocab)
            p = log_softmax(wanted)[:-1]
            q = log_softmax(window_logits(model, context, tokens))[:-1]
            nll -= q[np.arange(rows - 1), tokens[half + 1:]].sum()
            divergence += (np.exp(p) * (p - q)).sum()
            same_top += int((p.argmax(axis=1) == q.argmax(axis=1)).sum())
            count += rows - 1
    print(json.dumps({"perplexity": float(np.exp(nll / count)), "tokens_scored": count,
                      "kl_divergence": float(divergence / count),
                      "same_top_token": same_top / count,
                      "llama_cpp_python": llama_cpp.__version__}))
    del silent


if __name__ == "__main__":
    main()

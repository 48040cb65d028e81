#!/usr/bin/env python3
"""llama.cpp's side of the quality table: perplexity, and the divergence from float32 logits.

    tokenmill quantize MODEL f32.gguf --type F32
    tokenmill perplexity f32.gguf --kv-type f32 --file TEXT --windows 8 --save-logits base.bin
    python3 tools/peer_quality.py MODEL base.bin --windows 8

Needs llama-cpp-python and numpy. The windows' tokens are those that tokenmill saved, so both
programs judge the same positions; the rows are those of `tokenmill perplexity`: the second half of
each window. Over a whole text the logits would fill the disk; tokens alone give the perplexity:

    tokenmill tokenize --model MODEL --file TEXT --literal --json > tokens.json
    python3 tools/peer_quality.py MODEL tokens.json
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


def saved_windows(path, vocab, options):
    """(tokens, log-softmax of the saved rows) of each window."""
    half = options.context // 2
    rows = options.context - half
    with open(path, "rb") as base:
        for _ in range(options.windows):
            tokens = np.frombuffer(base.read(4 * options.context), np.int32)
            logits = np.frombuffer(base.read(4 * rows * vocab), np.float32)
            yield tokens, log_softmax(logits.reshape(rows, vocab))[:-1]


def token_windows(path, bos, options):
    """(tokens, None) of each window; the first token becomes BOS where the text begins with it."""
    with open(path) as file:
        tokens = np.array(json.load(file)["tokens"], np.int32)
    for w in range(min(len(tokens) // options.context, options.windows or len(tokens))):
        window = tokens[w * options.context:(w + 1) * options.context]
        if tokens[0] == bos:
            window[0] = bos
        yield window, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("base", help="of perplexity --save-logits, or tokens as JSON")
    parser.add_argument("--windows", type=int, default=0)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    model, context, silent = opened(options.model, options.context, options.threads)
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    vocab = llama_cpp.llama_vocab_n_tokens(vocabulary)
    if options.base.endswith(".json"):
        windows = token_windows(options.base, llama_cpp.llama_vocab_bos(vocabulary), options)
    else:
        windows = saved_windows(options.base, vocab, options)
    half = options.context // 2
    nll, divergence, same_top, count = 0.0, 0.0, 0, 0
    for tokens, p in windows:
        q = log_softmax(window_logits(model, context, tokens))[:-1]
        nll -= q[np.arange(len(q)), tokens[half + 1:]].sum()
        count += len(q)
        if p is not None:
            divergence += (np.exp(p) * (p - q)).sum()
            same_top += int((p.argmax(axis=1) == q.argmax(axis=1)).sum())
    result = {"perplexity": float(np.exp(nll / count)), "tokens_scored": count}
    if not options.base.endswith(".json"):
        result["kl_divergence"] = float(divergence / count)
        result["same_top_token"] = same_top / count
    result["llama_cpp_python"] = llama_cpp.__version__
    print(json.dumps(result))
    del silent


if __name__ == "__main__":
    main()

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
import sys

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


def decode(context, tokens):
    """Computes a window; the logits of its second half can be read then."""
    half = len(tokens) // 2
    batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
    batch.n_tokens = len(tokens)
    for i, token in enumerate(tokens):
        batch.token[i], batch.pos[i], batch.n_seq_id[i] = int(token), i, 1
        batch.seq_id[i][0], batch.logits[i] = 0, i >= half
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    if llama_cpp.llama_decode(context, batch) != 0:
        raise SystemExit("llama_decode failed")
    llama_cpp.llama_batch_free(batch)


def row(context, vocab, position):
    return np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, position), (vocab,))


def window_nll(context, vocab, tokens):
    """Row by row, so that a window of a large vocabulary needs no gigabytes."""
    nll = 0.0
    for i in range(len(tokens) // 2, len(tokens) - 1):
        logits = row(context, vocab, i)
        most = logits.max()
        nll += most + np.log(np.exp(logits - most).sum(dtype=np.float64)) - logits[tokens[i + 1]]
    return float(nll)


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
    for done, (tokens, p) in enumerate(windows, 1):
        decode(context, tokens)
        nll += window_nll(context, vocab, tokens)
        count += len(tokens) - half - 1
        if p is not None:
            rows = [row(context, vocab, i) for i in range(half, len(tokens) - 1)]
            q = log_softmax(np.stack(rows))
            divergence += (np.exp(p) * (p - q)).sum()
            same_top += int((p.argmax(axis=1) == q.argmax(axis=1)).sum())
        if done % 10 == 0:
            print(f"{done} windows: {np.exp(nll / count):.4f}", file=sys.stderr, flush=True)
    result = {"perplexity": float(np.exp(nll / count)), "tokens_scored": count}
    if not options.base.endswith(".json"):
        result["kl_divergence"] = float(divergence / count)
        result["same_top_token"] = same_top / count
    result["llama_cpp_python"] = llama_cpp.__version__
    print(json.dumps(result))
    del silent


if __name__ == "__main__":
    main()

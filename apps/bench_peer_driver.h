#pragma once
// The program that measures llama.cpp, or a fork of it, through its C API: run by Python, without
// anything beyond its standard library. Its own comments say the rest.
// tidy: data table

namespace mill::apps {

inline constexpr const char* kPeerDriver = R"py(
# argv: model, threads[, folder]. First answers with its version; then, for each line of standard
# input, a case as JSON, with {"tokens_per_s"} or {"error"}. The API comes from the package
# llama_cpp, or from folder/lib/libllama.so with the structures that folder/include/llama.h
# declares, whichever version that is.
import ctypes as c, json, os, re, struct, sys, time

os.environ["GGML_NO_BACKTRACE"] = "1"  # else a failed assertion starts a debugger
OUT = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the library prints is not an answer

def say(answer): print(json.dumps(answer), file=OUT, flush=True)

BASIC = {"int32_t": c.c_int32, "uint32_t": c.c_uint32, "float": c.c_float, "bool": c.c_bool,
         "int": c.c_int, "int8_t": c.c_int8, "size_t": c.c_size_t, "llama_pos": c.c_int32,
         "llama_seq_id": c.c_int32, "llama_token": c.c_int32, "uint8_t": c.c_uint8}

def structure(header, name):
    body = re.search(r"struct %s\s*\{([^{}]*)\}" % name, header).group(1)
    fields = []
    for words in (d.replace("*", " * ").split() for d in body.split(";") if d.strip()):
        words = [w for w in words if w not in ("const", "struct")]
        kind = c.c_int if words[0] == "enum" else BASIC.get(words[0])
        for _ in range(words.count("*") if kind else 0): kind = c.POINTER(kind)
        fields.append((words[-1], kind or c.c_void_p))
    return type(name, (c.Structure,), {"_fields_": fields})

class Api:
    def __init__(self, folder):
        if folder:
            with open(folder + "/include/llama.h") as file:
                header = re.sub(r"//[^\n]*|/\*.*?\*/", "", file.read(), flags=re.S)
            for _ in range(3):  # what it needs, in whatever order; installed ones have no paths
                for name in sorted(os.listdir(folder + "/lib")):
                    if not re.match(r"lib(ggml|[gi]?omp).*\.so", name): continue
                    try: c.CDLL(folder + "/lib/" + name, mode=c.RTLD_GLOBAL)
                    except OSError: pass
            self.lib = c.CDLL(folder + "/lib/libllama.so", mode=c.RTLD_GLOBAL)
            self.model_params, self.context_params, self.batch = (
                structure(header, "llama_" + s) for s in ("model_params", "context_params", "batch"))
            self.version = os.path.basename(os.path.abspath(folder))
        else:
            import llama_cpp as L
            self.lib = L.llama_cpp._lib
            self.model_params, self.context_params, self.batch = (
                L.llama_model_params, L.llama_context_params, L.llama_batch)
            self.version = "llama-cpp-python " + L.__version__
        for name, kind in (("llama_model_default_params", self.model_params),
                           ("llama_context_default_params", self.context_params),
                           ("llama_model_load_from_file", c.c_void_p), ("llama_decode", c.c_int32),
                           ("llama_init_from_model", c.c_void_p), ("llama_batch_init", self.batch),
                           ("llama_model_get_vocab", c.c_void_p),
                           ("llama_state_seq_get_size", c.c_size_t),
                           ("llama_state_seq_get_data", c.c_size_t),
                           ("llama_state_seq_set_data", c.c_size_t)):
            getattr(self.lib, name).restype = kind
        if hasattr(self.lib, "llama_get_memory"): self.lib.llama_get_memory.restype = c.c_void_p

CHUNK = 512

def pointer(value): return c.c_void_p(value)

# The bytes of a sequence's state, its positions repeated n times; what the two families write:
#   a head of their own, cells u32, (position i32, sequences u32, id i32 …) for each cell,
#   transposed u32, layers u32, keys then values: (type i32, row bytes u64, rows) for each layer, or
#   for transposed values (type i32, element bytes u32, rows u32, cells of each row)
def repeated(blob, n, head):
    at = 0
    def take(form):
        nonlocal at
        values = struct.unpack_from("<" + form, blob, at)
        at += struct.calcsize("<" + form)
        return values
    out = [blob[:head]]
    at = head
    cells, = take("I")
    if cells != CHUNK: raise ValueError("another layout")
    meta = []
    for _ in range(cells):
        begin = at
        position, sequences = take("iI")
        if sequences > 1: raise ValueError("not one sequence")
        at += 4 * sequences
        meta.append((position, blob[begin + 4:at]))
    out.append(struct.pack("<I", cells * n))
    for turn in range(n):
        out += [struct.pack("<i", p + turn * cells) + rest for p, rest in meta]
    transposed, layers = take("II")
    if transposed > 1 or not 0 < layers < 1000: raise ValueError("another layout")
    out.append(blob[at - 8:at])
    for kind in range(2):
        for _ in range(layers):
            begin = at
            if kind and transposed:
                _, size, rows = take("iII")
                size *= cells
            else:
                _, size = take("iQ")
                size, rows = size * cells, 1
            out.append(blob[begin:at])
            if at + size * rows > len(blob): raise ValueError("another layout")
            for _ in range(rows):
                out.append(blob[at:at + size] * n)
                at += size
    return b"".join(out) + blob[at:]

class Peer:
    def __init__(self, path, threads, folder):
        self.api, self.threads, self.states = Api(folder), threads, {}
        self.key = self.context = None
        self.lib = self.api.lib
        self.lib.llama_backend_init()
        params = self.lib.llama_model_default_params()
        self.model = pointer(self.lib.llama_model_load_from_file(path.encode(), params))
        if not self.model: sys.exit("cannot load " + path)
        vocab = pointer(self.lib.llama_model_get_vocab(self.model))
        self.vocab = self.lib.llama_vocab_n_tokens(vocab)

    # One context at a time, as large as the case needs. True if it is a new one.
    def open(self, case, flash):
        room = -(-(case["depth"] + case["prompt"] + case["answer"] + 1) // 256) * 256
        key = (room, case["depth"], case["streams"], case["kv"], flash)
        if key == self.key: return False
        if self.context: self.lib.llama_free(self.context)
        params = self.lib.llama_context_default_params()
        params.n_ctx, params.n_seq_max = room * case["streams"], case["streams"]
        params.n_threads = params.n_threads_batch = self.threads
        params.n_batch, params.n_ubatch = 2048, 512
        if case["kv"] == "q8": params.type_k = params.type_v = 8  # GGML_TYPE_Q8_0
        if hasattr(params, "flash_attn_type"): params.flash_attn_type = int(flash)
        else: params.flash_attn = flash
        self.key, self.context = None, pointer(self.lib.llama_init_from_model(self.model, params))
        if not self.context: raise RuntimeError("no context of %d tokens" % params.n_ctx)
        if case["depth"]: self.fill(case["depth"], (case["kv"], flash))
        self.key = key
        return True

    def decode(self, rows):  # (token, position, sequence, are its logits wanted)
        batch = self.lib.llama_batch_init(len(rows), 0, 1)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, position, 1
            batch.seq_id[i][0], batch.logits[i] = sequence, wanted
        batch.n_tokens = len(rows)
        start = time.perf_counter()
        failed = self.lib.llama_decode(self.context, batch)
        self.lib.llama_synchronize(self.context)
        took = time.perf_counter() - start
        self.lib.llama_batch_free(batch)
        if failed: raise RuntimeError("llama_decode failed")
        return took

    def prompt(self, position, count):  # seconds
        rows = [((i * 7919 + 11) % self.vocab, position + i, 0, int(i == count - 1))
                for i in range(count)]
        return sum(self.decode(rows[at:at + 2048]) for at in range(0, count, 2048))

    def clear(self, depth):  # the positions from depth on; sequence 0's, unless it is all
        lib = self.lib
        if hasattr(lib, "llama_get_memory"):
            memory = pointer(lib.llama_get_memory(self.context))
            if depth == 0: lib.llama_memory_clear(memory, True)
            else: lib.llama_memory_seq_rm(memory, 0, depth, -1)
        elif depth == 0: lib.llama_kv_cache_clear(self.context)
        else: lib.llama_kv_cache_seq_rm(self.context, 0, depth, -1)

    # 512 computed positions, repeated; all of them computed, if the state of a sequence is not laid
    # out as we know it.
    def fill(self, depth, kind):
        lib = self.lib
        if kind not in self.states:
            self.prompt(0, CHUNK)
            size = lib.llama_state_seq_get_size(self.context, 0, 0)
            buffer = (c.c_uint8 * size)()
            lib.llama_state_seq_get_data(self.context, buffer, c.c_size_t(size), 0, 0)
            self.states[kind] = bytes(buffer)
        for head in range(0, 32, 4):
            try: state = repeated(self.states[kind], depth // CHUNK, head)
            except (ValueError, struct.error): continue
            self.clear(0)
            buffer = (c.c_uint8 * len(state)).from_buffer_copy(state)
            if lib.llama_state_seq_set_data(self.context, buffer, c.c_size_t(len(state)), 0, 0) \
                    == len(state): return
        self.clear(0)
        self.prompt(0, depth)

    def once(self, case):  # tokens a second
        depth, streams = case["depth"], case["streams"]
        self.clear(depth)
        if case["prompt"]: return case["prompt"] / self.prompt(depth, case["prompt"])
        def step(i):
            return self.decode([((i * 7919 + s * 104729 + 11) % self.vocab, depth + i, s, 1)
                                for s in range(streams)])
        step(0)
        return case["answer"] * streams / sum(step(i + 1) for i in range(case["answer"]))

    def measure(self, case):
        if self.open(case, case["flash"]): self.once(case)  # warm-up
        return {"tokens_per_s": self.once(case)}

# Seconds from loading the model to the logits of a first token; the interpreter, and the library's
# own loading, are not counted.
def start(path, threads, folder):
    api = Api(folder)
    begin = time.perf_counter()
    peer = Peer(path, threads, folder)
    peer.open({"prompt": 8, "answer": 0, "streams": 1, "depth": 0, "kv": "f16"}, True)
    peer.prompt(0, 8)
    return time.perf_counter() - begin

def main():
    if len(sys.argv) == 1:
        say(Api(None).version)
        return
    path, threads, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if sys.argv[4:] == ["start"]:
        say({"seconds": start(path, threads, folder)})
        return
    peer = Peer(path, threads, folder)
    say({"version": peer.api.version})
    for line in sys.stdin:
        try: answer = peer.measure(json.loads(line))
        except Exception as error: answer = {"error": str(error)}
        say(answer)

main()
)py";

}  // namespace mill::apps

// The ops of this instruction set.
constexpr Ops kOps = {
    .name = kName,
    .quantize = quantize,
    .matmul = matmul,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .rope = rope,
    .silu_mul = silu_mul,
    .gelu_mul = gelu_mul,
    .relu_squared = relu_squared,
    .add = add,
    .axpy = axpy,
    .scale = scale,
    .softmax = softmax,
    .store_kv = store_kv,
    .attention = attention,
};

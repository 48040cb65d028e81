// Which product is done on tiles, and the limit of those.

void multiply(const Matmul& op, Range panels) {
  switch (op.weights->dtype) {
    case DType::Q4_0:
      return multiply_panels<FormatQ4_0>(op, panels);
    case DType::Q4_1:
      return multiply_panels<FormatQ4_1>(op, panels);
    case DType::Q5_0:
      return multiply_panels<FormatQ5_0>(op, panels);
    case DType::Q5_1:
      return multiply_panels<FormatQ5_1>(op, panels);
    case DType::Q8_0:
      return multiply_panels<FormatQ8_0>(op, panels);
    case DType::Q2_K:
      return multiply_panels<FormatQ2_K>(op, panels);
    case DType::Q3_K:
      return multiply_panels<FormatQ3_K>(op, panels);
    case DType::Q4_K:
      return multiply_panels<FormatQ4_K>(op, panels);
    case DType::Q5_K:
      return multiply_panels<FormatQ5_K>(op, panels);
    case DType::Q6_K:
      return multiply_panels<FormatQ6_K>(op, panels);
    case DType::IQ4_NL:
      return multiply_panels<FormatIQ4_NL>(op, panels);
    case DType::IQ4_XS:
      return multiply_panels<FormatIQ4_XS>(op, panels);
    case DType::MXFP4:
      return multiply_panels<FormatMXFP4>(op, panels);
    case DType::BF16:
      return multiply_bf16_panels(op, panels);
    case DType::F32:
    case DType::F16:
      break;
  }
  ASSERT(false, static_cast<int>(op.weights->dtype));
}

// Whole sixteens of rows on tiles, the others as AVX-512 has them.
void matmul(const Matmul& op, Range panels) {
  const DType dtype = op.weights->dtype;
  const bool tiled = dtype != DType::F32 && dtype != DType::F16;
  const size_t whole = tiled ? op.rows / kTileRowCount * kTileRowCount : 0;
  if (whole > 0 && panels.begin < panels.end) {
    Matmul tiles = op;
    tiles.rows = whole;
    multiply(tiles, panels);
  }
  if (whole == op.rows) return;
  const Activations input = skip_rows(*op.input, whole);
  Matmul rest = op;
  rest.input = &input;
  rest.rows = op.rows - whole;
  rest.out += whole * op.stride;
  avx512_ops().matmul(rest, panels);
}

// As int8_probe: four independent chains of whole tiles.
double tile_probe(size_t rounds) {
  alignas(64) int8_t numbers[16 * 64] = {1, -2, 3, -4};
  configure_tiles(16);
  tile_zero<0>();
  tile_zero<1>();
  tile_zero<2>();
  tile_zero<3>();
  tile_load<4>(numbers, 64);
  tile_load<6>(numbers, 64);
  for (size_t n = 0; n < rounds; ++n) {
    tile_dot<0, 4, 6>();
    tile_dot<1, 4, 6>();
    tile_dot<2, 4, 6>();
    tile_dot<3, 4, 6>();
  }
  _tile_release();
  return static_cast<double>(rounds) * 4 * 16 * 16 * 64 * 2;
}

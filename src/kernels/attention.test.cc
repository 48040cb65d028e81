// Paged attention against plain attention: every format of the cache, instruction set, head size
// and tile, with windows and soft caps; and a row alone is the row in a tile.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/ops.h"
#include "kernels/reference/reference.h"
#include "kernels/test_inputs.h"

namespace mill::kernels {
namespace {

constexpr uint32_t kPositions = 100;

struct Cache {
  Cache(const Ops& ops, KvType type, size_t dim)
      : layout{type, dim},
        pool(4 * layout.bytes()),
        keys(test::normals(kPositions * dim, 1)),
        values(test::normals(kPositions * dim, 2)) {
    for (uint32_t b = 0; b < 4; ++b) blocks[b] = pool.data() + order[b] * layout.bytes();
    for (uint32_t p = 0; p < kPositions; ++p)
      ops.store_kv(layout, pool.data() + order[p / 32] * layout.bytes(), keys.data() + p * dim,
                   values.data() + p * dim, p % 32);
  }
  std::array<size_t, 4> order = {2, 0, 3, 1};
  KvLayout layout;
  test::Aligned<std::byte> pool;
  std::vector<float> keys, values;
  std::array<const std::byte*, 4> blocks{};
};

struct Rows {
  std::vector<uint32_t> positions;
  uint32_t window = 0;
  float softcap = 0.0F;
};

std::vector<float> run(const Ops& ops, const Cache& cache, const Rows& rows,
                       std::span<const float> queries) {
  const size_t dim = cache.layout.head_dim;
  std::vector<float> out(rows.positions.size() * dim, -7.0F);
  std::vector<const float*> query;
  std::vector<float*> to;
  for (size_t r = 0; r < rows.positions.size(); ++r) {
    query.push_back(queries.data() + r * dim);
    to.push_back(out.data() + r * dim);
  }
  ops.attention({cache.layout, cache.blocks.data(), query.data(), to.data(), rows.positions.data(),
                 rows.positions.size(), rows.window, rows.softcap});
  return out;
}

double tolerance(KvType type) {
  switch (type) {
    case KvType::f32:
      return 2e-5;
    case KvType::f16:
      return 4e-3;
    case KvType::bf16:
      return 3e-2;
    case KvType::q8:
      return 5e-2;
  }
  return 0;
}

void check(KvType type, size_t dim, const Rows& rows) {
  const Ops& scalar = *available_ops()[0];
  const Cache cache(scalar, type, dim);
  std::vector<float> queries = test::normals(rows.positions.size() * dim, 3);
  for (float& q : queries) q /= std::sqrt(static_cast<float>(dim));
  const std::vector<float> out = run(scalar, cache, rows, queries);
  for (size_t r = 0; r < rows.positions.size(); ++r) {
    const size_t last = rows.positions[r];
    const size_t first = rows.window > 0 && last >= rows.window ? last - rows.window + 1 : 0;
    const std::span<const float> query(queries.data() + r * dim, dim);
    const std::vector<double> expected =
        reference::attention({query, cache.keys, cache.values, dim, first, last, rows.softcap});
    for (size_t d = 0; d < dim; ++d)
      CHECK(std::fabs(out[r * dim + d] - expected[d]) < tolerance(type));
    const std::vector<float> alone =
        run(scalar, cache, {{rows.positions[r]}, rows.window, rows.softcap}, query);
    CHECK(std::equal(alone.begin(), alone.end(), out.begin() + static_cast<long>(r * dim)));
  }
  for (const Ops* ops : available_ops()) {
    INFO(ops->name, ", head ", dim, ", cache ", static_cast<int>(type));
    const Cache own(*ops, type, dim);
    CHECK(std::equal(own.pool.data(), own.pool.data() + own.pool.size(), cache.pool.data()));
    CHECK(run(*ops, own, rows, queries) == out);
  }
}

}  // namespace

TEST_CASE("attention: every cache format, head size, tile and mask") {
  const std::array<Rows, 9> cases = {Rows{{0}},
                                     Rows{{99}},
                                     Rows{{30, 31, 32, 33}},
                                     Rows{{5, 5, 5, 64, 64, 64}},
                                     Rows{{60, 60, 60, 61, 61, 61, 62, 62, 62, 63, 63, 64}},
                                     Rows{{1, 9, 17, 25, 33, 41, 49, 57, 65, 73, 81}},
                                     Rows{{63, 64}, 10},
                                     Rows{{97, 98, 99}, 33},
                                     Rows{{40, 41, 42, 43, 44}, 0, 5.0F}};
  for (KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::q8}) {
    for (size_t dim : {8UL, 16UL, 64UL, 80UL, 128UL}) {
      for (const Rows& rows : cases) check(type, dim, rows);
    }
  }
}

TEST_CASE("attention: what the cache cannot hold is clamped, never infinite") {
  for (const Ops* ops : available_ops()) {
    const KvLayout layout{KvType::f16, 16};
    test::Aligned<std::byte> block(layout.bytes());
    std::vector<float> huge(16, 1e9F), query(16, 0.0F), out(16);
    huge[3] = std::numeric_limits<float>::infinity();
    ops->store_kv(layout, block.data(), huge.data(), huge.data(), 1);
    ops->store_kv(layout, block.data(), query.data(), query.data(), 0);
    const std::byte* blocks[] = {block.data()};
    const float* queries[] = {query.data()};
    float* outs[] = {out.data()};
    const uint32_t position = 0;  // slot 1 is masked, and must not leak through 0·∞
    ops->attention({layout, blocks, queries, outs, &position, 1, 0, 0.0F});
    for (float v : out) CHECK(v == 0.0F);
  }
}

}  // namespace mill::kernels

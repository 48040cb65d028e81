#pragma once
// f32 to one block of each format. Values are finite.

#include <span>

#include "data/blocks.h"

namespace mill {

// A block's values and how much an error of each matters; without importances, the squares of the
// values stand for them where scales are searched: large weights matter more.
struct Weighed {
  const float* x = nullptr;
  const float* importance = nullptr;

  // The weights of values from `first` on; `room` may be filled with them.
  std::span<const float> part(size_t first, std::span<float> room) const {
    if (importance != nullptr) return {importance + first, room.size()};
    for (size_t i = 0; i < room.size(); ++i) room[i] = x[first + i] * x[first + i];
    return room;
  }
};

// ggml's bytes: the scale spans the block's range.
void encode(const float* x, BlockQ4_0& out);
void encode(const float* x, BlockQ4_1& out);
void encode(const float* x, BlockQ5_0& out);
void encode(const float* x, BlockQ5_1& out);
void encode(const float* x, BlockQ8_0& out);
void encode(const float* x, BlockMXFP4& out);

// The scales are searched.
void encode(Weighed, BlockIQ4_NL& out);
void encode(Weighed, BlockQ2_K& out);
void encode(Weighed, BlockQ3_K& out);
void encode(Weighed, BlockQ4_K& out);
void encode(Weighed, BlockQ5_K& out);
void encode(Weighed, BlockQ6_K& out);
void encode(Weighed, BlockIQ4_XS& out);

// The same for those that have ggml's bytes above.
void encode_searched(Weighed, BlockQ4_0& out);
void encode_searched(Weighed, BlockQ4_1& out);
void encode_searched(Weighed, BlockQ5_0& out);
void encode_searched(Weighed, BlockQ5_1& out);

}  // namespace mill

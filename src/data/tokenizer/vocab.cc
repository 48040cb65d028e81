#include "data/tokenizer/vocab.h"

#include <bit>
#include <limits>

#include "data/tokenizer/hash.h"

namespace mill::tok {

void Vocab::reserve(size_t tokens, size_t bytes) {
  expected_ = tokens;
  texts_.reserve(bytes);
  spans_.reserve(tokens);
  specials_.reserve(tokens);
  slots_.assign(std::bit_ceil(std::max<size_t>(tokens * 2, 64)), Slot{});
}

Result<void> Vocab::set(int64_t id, std::string_view text) {
  const auto limit = static_cast<int64_t>(std::min<size_t>(expected_ * 4 + 65536, 1U << 30));
  if (id < 0 || id >= limit)
    return fail(ErrorKind::invalid, "token id {} is out of range: the vocabulary has {} entries",
                id, expected_);
  if (texts_.size() + text.size() > std::numeric_limits<uint32_t>::max())
    return fail(ErrorKind::unsupported, "the vocabulary's texts exceed 4 GiB");
  const auto place = static_cast<size_t>(id);
  if (place >= spans_.size()) {
    spans_.resize(place + 1);
    specials_.resize(place + 1);
  }
  spans_[place] = {static_cast<uint32_t>(texts_.size()), static_cast<uint32_t>(text.size())};
  texts_ += text;
  return {};
}

std::string_view Vocab::text(TokenId id) const {
  if (!has(id)) return {};
  const TextSpan span = spans_[static_cast<size_t>(id)];
  return std::string_view(texts_).substr(span.begin, span.size);
}

size_t Vocab::slot_of(std::string_view text, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  const auto tag = static_cast<uint32_t>(hash >> 32);
  for (size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    const Slot& entry = slots_[slot];
    if (entry.id < 0 || (entry.hash == tag && this->text(entry.id) == text)) return slot;
  }
}

void Vocab::index(TokenId id) {
  if ((indexed_ + 1) * 2 > slots_.size()) grow();
  const uint64_t hash = hash_of(text(id));
  Slot& slot = slots_[slot_of(text(id), hash)];
  if (slot.id < 0) ++indexed_;
  slot = {static_cast<uint32_t>(hash >> 32), id};
}

void Vocab::grow() {
  std::vector<Slot> old(std::max<size_t>(slots_.size() * 2, 64));
  old.swap(slots_);
  for (const Slot& entry : old) {
    if (entry.id >= 0) slots_[slot_of(text(entry.id), hash_of(text(entry.id)))] = entry;
  }
}

TokenId Vocab::find(std::string_view text) const {
  if (slots_.empty()) return -1;
  return slots_[slot_of(text, hash_of(text))].id;
}

}  // namespace mill::tok

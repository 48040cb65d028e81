#include "llm/sample/candidates.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/assert.h"
#include "llm/sample/random.h"

namespace mill::llm {
namespace {

Weight sum(std::span<const Candidate> candidates) {
  Weight total = 0;
  for (const Candidate& it : candidates) total += it.weight;
  return total;
}

bool better(const Candidate& a, const Candidate& b) { return a.before(b); }

// The smallest whole mass that is at least this share of the total, and at least 1.
Weight mass_of(Weight total, double share) {
  const double mass = std::ceil(static_cast<double>(total) * share);
  return std::clamp<Weight>(static_cast<Weight>(mass), 1, total);
}

// The last of the best candidates that together reach `mass`. Quickselect on masses: halve at the
// median; if the better half reaches the mass, the answer is in it, else it lies in the other half,
// where the rest of the mass is to be reached. n + n/2 + n/4 + … steps.
Candidate last_within(std::span<Candidate> candidates, Weight mass) {
  while (candidates.size() > 1) {
    const size_t half = candidates.size() / 2;
    std::nth_element(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(half),
                     candidates.end(), better);
    const Weight upper = sum(candidates.first(half));
    if (upper >= mass) {
      candidates = candidates.first(half);
    } else {
      mass -= upper;
      candidates = candidates.subspan(half);
    }
  }
  return candidates.front();
}

// Something that the k-th largest logit is not below, close to it: the k-th largest of the maxima
// of many short runs, since each of k runs has a logit at least as large. −∞ if k is 0 or too large
// for this to pay.
float below_best(std::span<const float> logits, uint32_t k) {
  const size_t run = k == 0 ? 0 : logits.size() / (size_t{k} * 4);
  if (run < 4) return -std::numeric_limits<float>::infinity();
  std::vector<float> maxima;
  for (; logits.size() >= run; logits = logits.subspan(run))
    maxima.push_back(std::ranges::max(logits.first(run)));
  const auto kth = maxima.begin() + (k - 1);
  std::ranges::nth_element(maxima, kth, std::greater{});
  return *kth;
}

}  // namespace

void Candidates::start(std::span<const float> logits, float largest, float temperature,
                       uint32_t top_k) {
  const float least = below_best(logits, top_k);
  list_.clear();
  logits_.clear();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] < least) continue;
    list_.push_back({logits[i], static_cast<TokenId>(i), 0});
    logits_.push_back(logits[i]);
  }
  softmax_weights(logits_, largest, temperature, weights_);
  for (size_t i = 0; i < list_.size(); ++i) list_[i].weight = weights_[i];
  std::erase_if(list_, [](const Candidate& it) { return it.weight == 0; });
  keep_top_k(top_k);
}

void Candidates::keep_top_k(uint32_t k) {
  if (k == 0 || k >= list_.size()) return;
  scratch_ = list_;
  const auto last = scratch_.begin() + (k - 1);
  std::nth_element(scratch_.begin(), last, scratch_.end(), better);
  std::erase_if(list_, [cut = *last](const Candidate& it) { return cut.before(it); });
}

// Locally typical sampling (Meister et al. 2022, arXiv:2202.00666): rank by the distance of a
// token's surprise −ln p from the mean of all, the entropy.
void Candidates::keep_typical(double mass) {
  if (mass >= 1) return;
  const Weight all = total();
  const double log_all = std::log(static_cast<double>(all));
  double entropy = 0;
  for (const Candidate& it : list_) {
    const auto weight = static_cast<double>(it.weight);
    entropy += weight / static_cast<double>(all) * (log_all - std::log(weight));
  }
  const auto typicality = [&](Candidate it) {
    const double surprise = log_all - std::log(static_cast<double>(it.weight));
    it.rank = -static_cast<float>(std::abs(surprise - entropy));
    return it;
  };
  scratch_.clear();
  for (const Candidate& it : list_) scratch_.push_back(typicality(it));
  const Candidate cut = last_within(scratch_, mass_of(all, mass));
  std::erase_if(list_, [&](const Candidate& it) { return cut.before(typicality(it)); });
}

// Nucleus sampling (Holtzman et al. 2020, arXiv:1904.09751).
void Candidates::keep_top_p(double mass) {
  if (mass >= 1) return;
  const Weight all = total();
  // Tokens so light that all of them together could not fill what may be left out are left out
  // before the selection; that is most of a vocabulary.
  const auto spare = static_cast<Weight>(static_cast<double>(all) * (1 - mass) * 0.999);
  const Weight light = spare / list_.size();
  scratch_.clear();
  for (const Candidate& it : list_)
    if (it.weight >= light) scratch_.push_back(it);
  const Candidate cut = last_within(scratch_, mass_of(all, mass));
  std::erase_if(list_, [&](const Candidate& it) { return cut.before(it); });
}

void Candidates::keep_min_p(double share) {
  if (share <= 0) return;
  Weight heaviest = 0;
  for (const Candidate& it : list_) heaviest = std::max(heaviest, it.weight);
  const Weight least = mass_of(heaviest, share);
  std::erase_if(list_, [least](const Candidate& it) { return it.weight < least; });
}

TokenId Candidates::draw(uint64_t random) const {
  Weight rest = scale_below(random, total());
  for (const Candidate& it : list_) {
    if (rest < it.weight) return it.token;
    rest -= it.weight;
  }
  ASSERT(false, list_.size(), rest);
  return -1;
}

Weight Candidates::total() const { return sum(list_); }

}  // namespace mill::llm

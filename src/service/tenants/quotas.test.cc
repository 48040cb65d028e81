#include "service/tenants/quotas.h"

#include <doctest/doctest.h>

#include <fstream>
#include <random>
#include <thread>

#include "base/scratch_folder.h"

namespace mill::tenants {
namespace {

using inference::Demand;
namespace fs = std::filesystem;

template <class T>
std::shared_ptr<WatchedFile<T>> watched(const fs::path& path, const char* text) {
  std::ofstream(path) << text;
  auto file = WatchedFile<T>::open(path, [](const std::string& it) { return T::parse(it); });
  REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error().message));
  return *file;
}

// One tenant's quotas at the time 1234, with a token of prompt at 1000 nanoeuros, of an answer
// 2000.
struct Purse {
  int64_t now = 1234;
  std::shared_ptr<Quotas> quotas;

  Purse(const char* name, const char* limits) {
    const fs::path folder = test_data::empty_folder(name);
    quotas = Quotas::make({.limits = watched<Limits>(folder / "limits", limits),
                           .prices = watched<ledger::Prices>(
                               folder / "prices", R"({"default": {"prompt": 1, "answer": 2}})"),
                           .unix_time = [this] { return now; }});
  }
  http::Checked<inference::Grant> reserve(Demand demand) const {
    demand.tenant = "acme";
    return quotas->reserve(demand);
  }
  void charge(uint64_t tokens) const {
    quotas->add({"acme", tokens, static_cast<int64_t>(2000 * tokens)});
  }
};

}  // namespace

TEST_CASE("what is promised to requests under way is not promised again") {
  Purse it("quotas_promised", R"({"default": {"tokens_per_minute": 100}})");
  auto first = it.reserve({.prompt = 20, .answers = 2, .each = 30});
  REQUIRE(first.has_value());
  CHECK(first->each == 30);
  const auto second = it.reserve({.prompt = 11, .answers = 1, .each = 10});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().status == 429);
  CHECK(second.error().message ==
        "Tenant 'acme' has used 0 of its 100 tokens of this minute, and 80 promised to requests "
        "under way; this request may use 21. Let it ask for fewer tokens, or try again in 1 s");
  CHECK(it.reserve({.prompt = 10, .answers = 1, .each = 10}).has_value());  // to the last token
  it.charge(25);
  first->held = nullptr;
  CHECK(it.reserve({.prompt = 75}).has_value());
  const auto third = it.reserve({.prompt = 76});
  REQUIRE_FALSE(third.has_value());
  CHECK(third.error().retry_after == 26);
  it.now += 26;
  CHECK(it.reserve({.prompt = 76}).has_value());
}

TEST_CASE("an answer without a limit of its own gets what is left, of tokens and of money") {
  const Purse it("quotas_open",
                 R"({"default": {"tokens_per_day": 1000, "euros_per_month": 0.0002}})");
  const Demand open{.prompt = 20, .answers = 2, .each = 4000, .open = true};
  const auto all = it.reserve(open);
  REQUIRE(all.has_value());
  CHECK(all->each == 45);  // (200 µ€ - 20 · 1 µ€) / (2 · 2 µ€)
  CHECK_FALSE(it.reserve(open).has_value());
  Demand said = open;
  said.open = false;
  CHECK_FALSE(it.reserve(said).has_value());
}

TEST_CASE("a promise is kept across the end of its window, and one's own failure takes nothing") {
  Purse it("quotas_across", R"({"default": {"tokens_per_minute": 100}})");
  const auto early = it.reserve({.prompt = 20, .answers = 1, .each = 60});
  it.now += 60;
  CHECK_FALSE(it.reserve({.prompt = 21}).has_value());
  CHECK(it.reserve({.prompt = 20}).has_value());  // given back at once: nobody holds it
  CHECK(it.reserve({.prompt = 20}).has_value());
}

TEST_CASE("however many requests run at once, no limit is passed") {
  constexpr int64_t kLimit = 5000;
  const Purse it("quotas_at_once", R"({"default": {"tokens_per_minute": 5000}})");
  std::atomic<int64_t> used = 0, refused = 0;
  std::vector<std::thread> clients;
  for (uint32_t seed = 0; seed < 4; ++seed) {
    clients.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 500; ++i) {
        const Demand demand{.prompt = 1 + random() % 20,
                            .answers = 1 + random() % 2,
                            .each = 1 + static_cast<uint32_t>(random() % 30),
                            .open = random() % 4 == 0};
        auto grant = it.reserve(demand);
        if (!grant) {
          ++refused;
          continue;
        }
        const uint64_t tokens = demand.prompt + demand.answers * (random() % (grant->each + 1));
        it.charge(tokens);
        used += static_cast<int64_t>(tokens);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(used <= kLimit);
  CHECK(used > kLimit - 80);  // all but what is less than the least that is asked for
  CHECK(refused > 0);
}

TEST_CASE("without a limit all is granted") {
  const Purse it("quotas_none", R"({"tenants": {"beta": {"tokens_per_day": 1}}})");
  CHECK(it.reserve({.prompt = 1'000'000, .answers = 128, .each = 32'768, .open = true})->each ==
        32'768);
}

}  // namespace mill::tenants

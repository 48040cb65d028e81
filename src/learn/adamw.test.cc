#include "learn/adamw.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

namespace mill::learn {

TEST_CASE("learn: the rate's schedules are those of transformers 5.24") {
  struct Row {
    Schedule schedule;
    std::array<double, 6> rates;  // at the steps below, of 100, of which 10 are the warm-up
  };
  constexpr std::array<int64_t, 6> kSteps = {0, 3, 10, 37, 80, 99};
  const std::array<Row, 3> rows = {
      {{Schedule::constant, {0.0, 0.3, 1.0, 1.0, 1.0, 1.0}},
       {Schedule::linear, {0.0, 0.3, 1.0, 0.7, 0.222222, 0.011111}},
       {Schedule::cosine, {0.0, 0.3, 1.0, 0.793893, 0.116978, 0.000305}}}};
  for (const Row& row : rows) {
    for (size_t i = 0; i < kSteps.size(); ++i) {
      CAPTURE(kSteps[i]);
      const RateOptions options{.schedule = row.schedule, .warmup = 10, .steps = 100};
      CHECK(rate_at(options, kSteps[i]) == doctest::Approx(row.rates[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("learn: a gradient longer than the limit is shortened to it, and gone after the step") {
  Tensor parameter = at::zeros({2}).requires_grad_(true);
  parameter.mutable_grad() = at::tensor({3.0F, 4.0F});
  AdamW adamw({{"p", &parameter}}, {.weight_decay = 0.0, .clip_norm = 1.0});
  CHECK(adamw.step(0.5) == doctest::Approx(5.0));
  CHECK(!parameter.grad().defined());
  // Adam's first step is the rate itself, whatever the gradient's length; its mean is not.
  CHECK(parameter[0].item<double>() == doctest::Approx(-0.5).epsilon(1e-4));
  CHECK(adamw.state()[1].name == "p.mean");
  CHECK((*adamw.state()[1].tensor)[1].item<double>() == doctest::Approx(0.08).epsilon(1e-4));
}

}  // namespace mill::learn

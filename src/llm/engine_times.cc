#include "llm/engine_times.h"

namespace mill::llm {
namespace {

double seconds(int64_t from, int64_t to) { return static_cast<double>(to - from) * 1e-9; }

}  // namespace

void EngineTimes::on_scheduled(RequestTimes& it, int64_t now) {
  if (it.scheduled != 0) return;
  it.scheduled = now;
  queue.observe(seconds(it.arrived, now));
}

void EngineTimes::on_tokens(RequestTimes& it, uint32_t tokens, int64_t now) {
  for (uint32_t i = 0; i < tokens; ++i) {
    if (it.first_token == 0) {
      it.first_token = now;
      first_token.observe(seconds(it.arrived, now));
      prefill.observe(seconds(it.scheduled, now));
    } else {
      inter_token.observe(seconds(it.last_token, now));
    }
    it.last_token = now;
  }
}

void EngineTimes::on_finished(const RequestTimes& it, int64_t now) {
  whole.observe(seconds(it.arrived, now));
  if (it.first_token != 0) decode.observe(seconds(it.first_token, it.last_token));
}

}  // namespace mill::llm

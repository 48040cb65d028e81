#pragma once
// Models that come and go while the server runs. The paths are those of llama.cpp's router:
//   POST /models/load {"model": "qwen3.gguf", "id": "qwen3"}  once it is loaded: {"success": true,
//   …} POST /models/unload {"model": "qwen3"}                     once its memory is free
// and the same below /v1. docs/operating.md has the rest.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/http/router.h"
#include "service/inference/host.h"
#include "service/operations/arrivals.h"

namespace mill::operations {

struct LoadRequest {
  std::string model;      // a name in the folder of models
  std::string id;         // what clients will call it; "" = the file's name
  uint32_t context = 0;   // as of `serve --context` …; 0 and "" = as the server's
  std::string kv_memory;  // … and --kv-memory
  uint32_t parallel = 0;
};

struct Loading {
  // What it says may be shown to clients. Null: this server loads nothing.
  std::function<Result<std::unique_ptr<service::ServedModel>>(const LoadRequest&)> open = {};
  std::function<void(const service::ModelInfo&)> opened = {};  // before anybody can reach it
  std::shared_ptr<Arrivals> arrivals = {};  // null: nobody wants to see who is on the way
};

// Those that load come one after the other (on a lane of one thread).
std::vector<http::Route> load_routes(const std::shared_ptr<inference::Host>&, Loading);
bool loads(const http::Request&);  // takes as long as a model does

}  // namespace mill::operations

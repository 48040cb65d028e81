#pragma once
// What `tokenmill teach` is told.

#include <CLI/CLI.hpp>
#include <string>

#include "learn/lora.h"
#include "learn/trainer.h"

namespace mill::apps {

struct TeachOptions {
  std::string model;       // what resolve_model takes; "" = default
  std::string data;        // JSONL of conversations
  std::string validation;  // another; "" = none
  std::string output;      // the training's folder
  std::string method = "lora";
  bool merge = false;  // adapters into the model, besides
  learn::LoraOptions lora;
  learn::TrainOptions train;
  double epochs = 0.0;  // instead of train.steps; 0 = as these say
  int64_t checkpoint_every = 50, validate_every = 50;
  int threads = 0;  // 0 = one for each processor
};

void add_teach_options(CLI::App&, TeachOptions&);

}  // namespace mill::apps

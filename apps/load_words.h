#pragma once
// The words that prompts under load are made of: frequent ones, each a single token (with the
// space before it) in the vocabularies of SmolLM2, Llama and Qwen.

#include <array>
#include <string_view>

namespace mill::apps {

inline constexpr std::array<std::string_view, 128> kLoadWords = {
    "the",      "river",    "house",  "light",   "water",   "stone",   "green",  "under",
    "over",     "after",    "before", "morning", "evening", "people",  "city",   "road",
    "mountain", "field",    "garden", "window",  "door",    "table",   "paper",  "letter",
    "story",    "music",    "voice",  "song",    "child",   "mother",  "father", "friend",
    "winter",   "summer",   "spring", "rain",    "snow",    "wind",    "cloud",  "star",
    "moon",     "sun",      "day",    "night",   "year",    "time",    "hour",   "minute",
    "work",     "play",     "walk",   "run",     "stand",   "sit",     "speak",  "listen",
    "write",    "read",     "learn",  "teach",   "build",   "break",   "open",   "close",
    "small",    "large",    "old",    "new",     "young",   "long",    "short",  "high",
    "low",      "deep",     "wide",   "dark",    "bright",  "warm",    "cold",   "dry",
    "red",      "blue",     "white",  "black",   "yellow",  "gold",    "silver", "iron",
    "wood",     "glass",    "bread",  "milk",    "salt",    "sugar",   "fruit",  "meat",
    "horse",    "dog",      "cat",    "bird",    "fish",    "tree",    "leaf",   "root",
    "market",   "school",   "church", "bridge",  "ship",    "train",   "engine", "wheel",
    "number",   "question", "answer", "reason",  "science", "history", "nature", "machine",
    "power",    "energy",   "metal",  "model",   "system",  "method",  "result", "measure"};

}  // namespace mill::apps

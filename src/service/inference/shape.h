#pragma once
// How an API writes an answer: the seam between the run of a request (answering.h) and the formats.

#include <span>
#include <string>

#include "service/http/message.h"
#include "service/http/problem.h"
#include "service/inference/answer.h"

namespace mill::inference {

// A part of an answer as it comes. The answer has it already.
struct Piece {
  std::span<const Told> told;
  const Answer& answer;
  const llm::GenerateEvent& event;
};

// A stream is the opening, the pieces of all choices and their closings, and the ending; all are
// bytes for the wire. What the pieces say is what the whole says.
class Shape {
 public:
  virtual ~Shape() = default;
  virtual http::Response whole(std::span<const Answer>) = 0;
  virtual http::Response refusal(const http::Problem&) const = 0;

  virtual const char* content_type() const { return "text/event-stream; charset=utf-8"; }
  virtual std::string opening(std::span<const Answer>) = 0;
  virtual std::string piece(size_t choice, const Piece&) = 0;
  virtual std::string closing(size_t choice, const Answer&) = 0;
  virtual std::string ending(std::span<const Answer>) = 0;
  virtual std::string broken(const http::Problem&) = 0;  // instead of all that were to come
};

}  // namespace mill::inference

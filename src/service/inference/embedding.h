#pragma once
// Texts as vectors: the mean of a model's last hidden states, of length 1.

#include <functional>
#include <string>
#include <vector>

#include "service/http/exchange.h"
#include "service/http/json_body.h"
#include "service/inference/host.h"

namespace mill::inference {

using http::Json;

struct Embedding {
  std::vector<float> values;
  uint32_t tokens = 0;  // of the text
};

// Called once, with one for each text.
using Embedded = std::function<void(Checked<std::vector<Embedding>>)>;

// In the background; a client that goes away cancels it. The account is closed first.
void embed(ServedModel&, std::vector<std::vector<TokenId>> texts, Account,
           const std::shared_ptr<http::Exchange>&, Embedded);

// "text" | ["text", …] | [token, …] | [[token, …], …]: tokens of each, checked against the model.
Checked<std::vector<std::vector<TokenId>>> texts_of(const ServedModel&, const Json& value,
                                                    const char* field);

// The first `dimensions` of it, of length 1 again.
std::vector<float> shortened(std::vector<float> values, size_t dimensions);
float cosine(const Embedding&, const Embedding&);
uint64_t tokens_of(const std::vector<Embedding>&);

}  // namespace mill::inference

#pragma once
// Regular languages under all the operations of sets, and the automaton of one: by derivatives
// (Brzozowski 1964). The derivative of L by a character c is what may follow c in L; expressions
// are kept once each, in a normal form, so that there are finitely many of them, and they are the
// automaton's states.
//
// Search patterns look at places, too: "^" and "$". A text w is read as ⊢w⊣, and they are the two
// marks, so that nothing but these two letters beyond Unicode is needed to say
//   search(p) = (ε | ⊢Σ*) p (ε | Σ*⊣)

#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "data/grammar/effort.h"
#include "data/grammar/regex_syntax.h"

namespace mill::grammar {

using LanguageId = uint32_t;

// A deterministic automaton over characters. Every state can reach an accepting one.
struct Automaton {
  struct Arc {
    CodeSet codes;
    uint32_t to = 0;
  };
  struct State {
    std::vector<Arc> arcs;
    bool accepts = false;
  };
  std::vector<State> states;  // the first is the start; none: the empty language

  bool accepts(std::u32string_view text) const;
};

struct AutomatonLimits {
  size_t states = 20'000;
  size_t expressions = 300'000;
};

class Languages {
 public:
  explicit Languages(Effort&);  // which all that is built and derived is counted in

  static constexpr LanguageId kNothing = 0;  // no text at all
  static constexpr LanguageId kEmpty = 1;    // the empty text
  static constexpr LanguageId kAll = 2;      // every text of characters and marks

  LanguageId codes(const CodeSet&);
  LanguageId text(std::u32string_view);
  LanguageId sequence(LanguageId, LanguageId);
  LanguageId either(std::vector<LanguageId>);
  LanguageId both(std::vector<LanguageId>);  // in all of them
  LanguageId except(LanguageId);             // kAll without it
  LanguageId repeat(LanguageId, uint32_t min, uint32_t max);

  // Texts in which the pattern is found somewhere; as a pattern alone: texts that it is, whole.
  LanguageId search(const Pattern&);
  LanguageId whole(const Pattern&);
  LanguageId marked(LanguageId of_texts);  // the same texts between ⊢ and ⊣

  // Of a language between marks, the automaton of what stands between them; nothing where a limit
  // is exceeded.
  Result<Automaton> automaton(LanguageId marked, AutomatonLimits = {});

 private:
  enum class Kind : uint8_t { nothing, empty, codes, sequence, either, both, except, repeat };
  struct Node {
    Kind kind = Kind::nothing;
    uint32_t min = 0, max = 0;  // of repeat; of codes: the index in sets_
    std::vector<LanguageId> parts = {};
    bool nullable = false;
    bool operator==(const Node& other) const {
      return kind == other.kind && min == other.min && max == other.max && parts == other.parts;
    }
  };
  struct Hash {
    size_t operator()(const Node&) const;
  };

  LanguageId keep(Node node);
  LanguageId pattern(const Pattern&, LanguageId after);
  LanguageId repetition(const Pattern&, LanguageId after);
  void collect(LanguageId, Kind, std::vector<LanguageId>& into) const;
  LanguageId derive(LanguageId, uint32_t code);
  LanguageId derive_new(const Node&, uint32_t code);
  std::vector<CodeSet> alphabet() const;

  Effort& effort_;
  std::deque<Node> nodes_;  // they stay where they are
  std::unordered_map<Node, LanguageId, Hash> ids_;
  std::vector<CodeSet> sets_;
  std::map<CodeSet, uint32_t> set_ids_;
  std::unordered_map<uint64_t, LanguageId> derived_;  // by language and character
  size_t limit_ = AutomatonLimits{}.expressions;
};

}  // namespace mill::grammar

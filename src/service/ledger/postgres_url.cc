#include "service/ledger/postgres_url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>

namespace mill::ledger {
namespace {

using Parts = std::map<std::string, std::string>;  // by libpq's names: host, port, user …

struct Free {
  void operator()(PQconninfoOption* it) const { PQconninfoFree(it); }
  void operator()(char* it) const { PQfreemem(it); }
};

std::unexpected<Error> misread() {
  return fail(ErrorKind::invalid,
              "no URL of PostgreSQL's; write postgresql://USER@HOST:PORT/DATABASE, and what is "
              "neither a letter nor a digit in names and passwords as % and two hexadecimal digits "
              "(%40 for @, %2F for /)");
}

// Before its parameters there is one '@' at most, and no '/' in front of it.
bool has_clear_parts(const std::string& url) {
  const std::string rest = url.substr(url.find("://") + 3);
  const std::string place = rest.substr(0, rest.find('?'));
  const size_t at = place.find('@');
  return at == std::string::npos ||
         (at < place.find('/') && place.find('@', at + 1) == std::string::npos);
}

Result<Parts> parts_of(const std::string& url) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, Free> options(PQconninfoParse(url.c_str(), &complaint));
  const std::unique_ptr<char, Free> freed(complaint);
  if (!options || !has_clear_parts(url)) return misread();
  Parts parts;
  for (const PQconninfoOption* it = options.get(); it->keyword != nullptr; ++it)
    if (it->val != nullptr) parts[it->keyword] = it->val;
  const auto is_port = [](char c) { return (c >= '0' && c <= '9') || c == ','; };
  if (!std::ranges::all_of(parts["port"], is_port)) return misread();
  return parts;
}

// What is not clear within its part of a URL.
std::string encoded(const std::string& part) {
  std::string out;
  for (const char c : part) {
    const bool clear = std::string_view("/@:?#%").find(c) == std::string_view::npos;
    out += clear ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

bool is_postgres_url(const std::string& where) {
  return where.starts_with("postgresql://") || where.starts_with("postgres://");
}

Result<void> check_postgres_url(const std::string& url) {
  TRY(parts_of(url));
  return {};
}

std::string shown_postgres_url(const std::string& url) {
  auto parts = parts_of(url);
  if (!parts) return "postgresql://…";
  std::string out = "postgresql://";
  if (!(*parts)["user"].empty()) out += encoded((*parts)["user"]) + "@";
  const std::string& host = (*parts)["host"];
  out += host.find(':') == std::string::npos ? encoded(host) : "[" + host + "]";
  if (!(*parts)["port"].empty()) out += ":" + (*parts)["port"];
  return out + "/" + encoded((*parts)["dbname"]);
}

}  // namespace mill::ledger

#include "service/ledger/postgres_url.h"

#include <doctest/doctest.h>

#include "service/ledger/database.h"

namespace mill::ledger {

TEST_CASE("a URL is shown without its password and its parameters") {
  struct Case {
    std::string url, as;
  };
  const Case cases[] = {
      {"postgresql://mill:secret@db.example:5433/bills?sslmode=verify-full",
       "postgresql://mill@db.example:5433/bills"},
      {"postgres://db.example", "postgresql://db.example/"},
      {"postgresql://mill:se%40cr%2Fet%3A@db.example/bills", "postgresql://mill@db.example/bills"},
      {"postgresql://mill:sec?ret@db.example/bills", "postgresql://mill@db.example/bills"},
      {"postgresql://mill@db.example/bills?password=secret", "postgresql://mill@db.example/bills"},
      {"postgresql:///bills?host=/run/postgresql", "postgresql://%2Frun%2Fpostgresql/bills"},
      {"postgresql://a:5432,b:5433/bills", "postgresql://a,b:5432,5433/bills"},
      {"postgresql://[::1]:5432/bills", "postgresql://[::1]:5432/bills"},
  };
  for (const Case& it : cases) {
    CAPTURE(it.url);
    CHECK(check_postgres_url(it.url).has_value());
    CHECK(shown(it.url) == it.as);
  }
}

TEST_CASE("of a URL that is wrong nothing is told") {
  const std::string urls[] = {
      "postgresql://mill:sec/ret@db.example/bills", "postgresql://mill:sec@ret@db.example/bills",
      "postgresql://mill:sec%ret@db.example/bills", "postgresql://mill:1/ret@db.example/bills",
      "postgresql://db.example:ret/bills",          "postgresql://db.example/bills?ret=ret",
      "postgresql://mill:ret@[::1/bills",           "postgresql://mill:sec%00ret@db.example/bills"};
  for (const std::string& url : urls) {
    CAPTURE(url);
    const auto checked = check_postgres_url(url);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().kind == ErrorKind::invalid);
    CHECK(checked.error().message.find("ret") == std::string::npos);
    CHECK(shown(url) == "postgresql://…");
  }
  CHECK(shown("mysql://mill:secret@db.example/bills") == "mysql://…");
  CHECK(shown("folder/ledger.db") == "folder/ledger.db");
}

}  // namespace mill::ledger

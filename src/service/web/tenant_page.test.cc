#include "service/web/tenant_page.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/scratch_folder.h"

namespace mill::web {
namespace {

using http::Json;

constexpr int64_t kNow = 1'764'256'144;  // in November 2025
const Viewer kOperator{.all = true};

template <class T>
std::shared_ptr<WatchedFile<T>> file_of(const char* name, const std::string& text) {
  const auto path = test_data::empty_folder(std::string("tenant_page_") + name) / name;
  std::ofstream(path) << text;
  auto file = WatchedFile<T>::open(path, [](const std::string& it) { return T::parse(it); });
  REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error().message));
  return *file;
}

tenants::Key key(const char* secret, const char* tenant, int64_t expires = 0) {
  return {.id = secret,
          .tenant = tenant,
          .name = "",
          .sha256 = tenants::sha256_of_text(secret),
          .scopes = {"inference"},
          .created = 1,
          .expires = expires};
}

Books books() {
  tenants::KeyRing ring;
  ring.keys = {key("a", "acme"), key("b", "acme", 1000), key("c", "beta")};
  return {
      .keys = file_of<tenants::KeyRing>("keys", ring.json()),
      .limits = file_of<tenants::Limits>(
          "limits", R"({"tenants": {"acme": {"tokens_per_day": 500, "euros_per_month": 2.5}}})"),
      .prices = file_of<ledger::Prices>(
          "prices", R"({"default": {"prompt": 0.1, "answer": 0.4}, "models": {"m": {}}})"),
      .charges = [](int64_t since) -> Result<std::vector<ledger::Charge>> {
        if (since == kNow - kNow % 60) return std::vector<ledger::Charge>{{"acme", 5, 50}};
        return std::vector<ledger::Charge>{{"acme", 7, 70}, {"gone", 9, 90}};
      },
      .bill = [](const ledger::BillQuery& query) -> Result<std::vector<ledger::BillRow>> {
        return std::vector<ledger::BillRow>{
            {.tenant = "acme", .model = "m", .requests = query.since, .nanoeuros = 3},
            {.tenant = "gone", .model = "m", .requests = 1, .nanoeuros = 4}};
      }};
}

}  // namespace

TEST_CASE("an operator sees what each has used, may use and has to pay") {
  const auto told = tenants_json(books(), kOperator, {.since = 8}, kNow);
  REQUIRE(told.has_value());
  const Json& page = *told;
  REQUIRE(page["tenants"].size() == 3);
  const Json& acme = page["tenants"][0];
  CHECK(acme["tenant"] == "acme");
  CHECK(acme["keys"] == 1);  // the other has expired
  CHECK(acme["use"]["minute"]["tokens"] == 5);
  CHECK(acme["use"]["day"]["euros"] == "0.000000070");
  CHECK(acme["limits"]["tokens_per_day"] == 500);
  CHECK(acme["limits"]["tokens_per_minute"].is_null());
  CHECK(acme["limits"]["euros_per_month"] == 2.5);
  CHECK(page["tenants"][1]["use"]["month"]["tokens"] == 0);  // beta, who has a key
  CHECK(page["tenants"][2]["tenant"] == "gone");             // has a bill, and no key any more
  CHECK(page["tenants"][2]["keys"] == 0);
  CHECK(page["prices"]["default"]["answer"] == 0.4);
  CHECK(page["prices"]["default"]["cached"] == 0.1);
  CHECK(page["prices"]["models"]["m"]["prompt"] == 0.0);
  CHECK(page["bill"]["since_ms"] == 8000.0);
  CHECK(page["bill"]["until_ms"].is_null());
  CHECK(page["bill"]["rows"].size() == 2);
  CHECK(page["bill"]["total"]["euros"] == "0.000000007");
}

TEST_CASE("a tenant sees its own") {
  const auto told = tenants_json(books(), {.tenant = "acme"}, {.since = 8}, kNow);
  REQUIRE(told.has_value());
  REQUIRE((*told)["tenants"].size() == 1);
  CHECK((*told)["bill"]["rows"].size() == 1);
  CHECK((*told)["bill"]["total"]["euros"] == "0.000000003");
  CHECK(told->dump().find("gone") == std::string::npos);
  CHECK(told->dump().find("beta") == std::string::npos);
}

TEST_CASE("without a ledger there is nothing to tell, and a broken one is told") {
  const auto told = tenants_json({}, kOperator, {}, kNow);
  REQUIRE(told.has_value());
  CHECK((*told)["ledger"] == false);
  CHECK((*told)["bill"].is_null());
  CHECK((*told)["prices"].is_null());
  Books broken = books();
  broken.charges = [](int64_t) -> Result<std::vector<ledger::Charge>> {
    return fail(ErrorKind::io, "the disk has gone");
  };
  CHECK(!tenants_json(broken, kOperator, {}, kNow).has_value());
}

}  // namespace mill::web

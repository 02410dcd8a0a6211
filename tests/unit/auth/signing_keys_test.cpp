#include "auth/signing_keys.h"

#include <thread>

#include "tests/catch.h"
#include "tests/unit/auth/requests.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::testing;

namespace {

const base::Secret secret{std::string(secret_key)};

CredentialScope credential(std::string_view whole) {
    auto parsed = parse_credential_scope(whole, "us-east-1");
    REQUIRE(parsed);
    return *parsed;
}

}  // namespace

TEST_CASE("signing keys: derived once for access key and day", "[auth]") {
    SigningKeys keys(8);
    const auto scope_of_day = credential("AK/20130524/us-east-1/s3/aws4_request");
    const auto first = keys.find(scope_of_day, secret);
    CHECK(first.derived);
    CHECK(first.key == signing_key(secret, "20130524", "us-east-1", "s3"));
    const auto second = keys.find(scope_of_day, secret);
    CHECK_FALSE(second.derived);
    CHECK(second.key == first.key);
    CHECK(keys.find(credential("AK/20130525/us-east-1/s3/aws4_request"), secret).derived);
    CHECK(keys.find(credential("BK/20130524/us-east-1/s3/aws4_request"), secret).derived);
}

TEST_CASE("signing keys: another secret is never answered with the key of the old one", "[auth]") {
    SigningKeys keys(8);
    const auto scope_of_day = credential("AK/20130524/us-east-1/s3/aws4_request");
    const base::Secret other("other");
    const auto first = keys.find(scope_of_day, secret);
    const auto second = keys.find(scope_of_day, other);
    CHECK(second.derived);
    CHECK(second.key == signing_key(other, "20130524", "us-east-1", "s3"));
    CHECK(second.key != first.key);
    CHECK(keys.size() == 1);
}

TEST_CASE("signing keys: never more than the capacity", "[auth]") {
    SigningKeys keys(4);
    for (int i = 0; i < 40; ++i) {
        const auto whole = "AK" + std::to_string(i) + "/20130524/us-east-1/s3/aws4_request";
        keys.find(credential(whole), secret);
        CHECK(keys.size() <= 4);
    }
}

TEST_CASE("signing keys: several threads at once get the right keys", "[auth]") {
    SigningKeys keys(4);
    const auto expected = signing_key(secret, "20130524", "us-east-1", "s3");
    std::vector<int> wrong(4);
    std::vector<std::thread> threads;
    for (int& count : wrong)
        threads.emplace_back([&keys, &expected, &count] {
            for (int i = 0; i < 500; ++i) {
                const auto whole =
                    "AK" + std::to_string(i % 7) + "/20130524/us-east-1/s3/aws4_request";
                const auto parsed = parse_credential_scope(whole, "us-east-1");
                if (keys.find(*parsed, secret).key != expected) ++count;
            }
        });
    for (auto& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4));
}

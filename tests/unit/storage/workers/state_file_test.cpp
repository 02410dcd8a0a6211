#include "storage/workers/state_file.h"

#include "base/bytes.h"
#include "storage/crypto/sha256.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::workers;

namespace {

std::string sealed(const std::string& body) {
    return body + "sha256 " +
           base::to_hex(storage::crypto::sha256(base::as_bytes(std::string_view(body)))) + "\n";
}

}  // namespace

TEST_CASE("state file: what was written is read again, and is sealed as documented",
          "[workers][format]") {
    const std::vector<StateLine> lines{{"one", "two"}, {"three"}};
    const auto content = encode_state("a kind 1", lines);
    CHECK(content == sealed("a kind 1\none two\nthree\n"));
    CHECK(parse_state("a kind 1", content) == lines);
    CHECK(parse_state("a kind 1", encode_state("a kind 1", {})) == std::vector<StateLine>());
}

TEST_CASE("state file: whole, and yet not of this kind, or not of lines", "[workers]") {
    CHECK_FALSE(parse_state("a kind 1", encode_state("a kind 2", {{"word"}})));
    CHECK_FALSE(parse_state("a kind 1", encode_state("a kind 10", {{"word"}})));
    CHECK_FALSE(parse_state("a kind 1", sealed("a kind 1\nno end")));
    CHECK_FALSE(parse_state("a kind 1", sealed("a kind 1\n one\n")));
    CHECK_FALSE(parse_state("a kind 1", sealed("a kind 1\n\n")));
}

TEST_CASE("state file: words, numbers and ages are themselves or nothing", "[workers]") {
    CHECK(to_word("") == "-");
    CHECK(from_word("-") == "");
    CHECK(from_word(to_word("two words\n")) == "two words\n");
    CHECK_FALSE(from_word("2"));
    CHECK_FALSE(from_word("zz"));
    CHECK(to_number("18446744073709551615") == 18446744073709551615u);
    for (const char* none : {"", "-", "-1", "1.5", "1 ", "x", "18446744073709551616"}) {
        CHECK_FALSE(to_number(none));
        CHECK_FALSE(to_age(none));
    }
    CHECK(to_age("250") == std::chrono::milliseconds(250));
}

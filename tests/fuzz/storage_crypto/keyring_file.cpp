// The keyring file: what parses has an active key, and parses again when it is written anew. The
// seal behind the input is put right as well, so that the lines before it are met.
#include <cstdlib>

#include "storage/crypto/keyring.h"
#include "storage/crypto/master_keys.h"
#include "storage/crypto/sha256.h"

using namespace holdfast;
using namespace holdfast::storage::crypto;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check(std::string_view text) {
    const auto keys = parse_keyring(text);
    if (!keys) return;
    require(keys->by_id.count(keys->active_id) == 1);
    for (const auto& [id, key] : keys->by_id) require(master_key_id(key) == id);
    const auto again = format_keyring(*keys);
    const auto parsed = parse_keyring(again.reveal());
    require(parsed.has_value() && parsed->active_id == keys->active_id);
    require(parsed->by_id.size() == keys->by_id.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(base::as_text(base::ByteView(data, size)));
    check(text);
    check(text + "sha256 " + base::to_hex(sha256(base::as_bytes(text))) + "\n");
    if (const auto key = parse_master_key(text)) require(key->reveal().size() == 32);
    return 0;
}

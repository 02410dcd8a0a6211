#include "storage/crypto/keyring.h"

#include <sys/stat.h>

#include "storage/crypto/master_keys.h"
#include "storage/crypto/sha256.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace holdfast;
using namespace holdfast::storage::crypto;
using tests::TemporaryDirectory;
using Kind = KeyError::Kind;

namespace {

std::unique_ptr<Keyring> opened(KeyResult<std::unique_ptr<Keyring>> result) {
    REQUIRE(result);
    return *std::move(result);
}

std::string base64_of(char c) {
    return base::to_base64(base::as_bytes(std::string(32, c)));
}

std::unique_ptr<Keyring> from_key(char c, base::Random& random) {
    return opened(Keyring::from_text(base::Secret(base64_of(c)), random));
}

void write(base::Vfs& vfs, const std::string& path, std::string_view content) {
    REQUIRE(base::write_file_durably(vfs, path, base::as_bytes(content), 0600));
}

std::string content_of(base::Vfs& vfs, const std::string& path) {
    const auto content = base::read_file(vfs, path, keyring_file_bytes_max);
    REQUIRE(content);
    return std::string(base::as_text(*content));
}

Kind failure(base::Vfs& vfs, const std::string& path, bool create = true) {
    base::SystemRandom random;
    const auto keyring = Keyring::open(vfs, path, random, create);
    REQUIRE_FALSE(keyring);
    CHECK_FALSE(keyring.error().detail.empty());
    return keyring.error().kind;
}

Kind unwrap_failure(Keyring& keyring, base::ByteView wrapped, std::string_view context) {
    const auto key = keyring.unwrap(wrapped, context);
    REQUIRE_FALSE(key);
    CHECK_FALSE(key.error().detail.empty());
    return key.error().kind;
}

}  // namespace

TEST_CASE("keyring: made at the first start with mode 0600, loaded at the next", "[crypto]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    const auto path = directory.file("keyring");
    const auto first = opened(Keyring::open(*vfs, path, random, true));

    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    CHECK(directory.entries() == 1);

    const auto second = opened(Keyring::open(*vfs, path, random, true));
    CHECK(second->active_key_id() == first->active_key_id());
    CHECK(second->has_key(first->active_key_id()));
    const auto key = first->make_data_key();
    const auto unwrapped = second->unwrap(first->wrap(key, "bucket/key"), "bucket/key");
    REQUIRE(unwrapped);
    CHECK(unwrapped->reveal() == key.reveal());
}

TEST_CASE("keyring: two first starts make different keys", "[crypto]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    const auto one = opened(Keyring::open(*vfs, directory.file("one"), random, true));
    const auto two = opened(Keyring::open(*vfs, directory.file("two"), random, true));
    CHECK(one->active_key_id() != two->active_key_id());
    CHECK_FALSE(one->has_key(two->active_key_id()));
    CHECK(one->make_data_key().reveal() != one->make_data_key().reveal());
}

TEST_CASE("keyring: not made when it may not be, nor in a directory that is missing", "[crypto]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    CHECK(failure(*vfs, directory.file("keyring"), false) == Kind::io);
    CHECK(failure(*vfs, directory.file("not-mounted/keyring")) == Kind::io);
    CHECK(directory.entries() == 0);
}

TEST_CASE("keyring: a file that is there is never replaced, whatever is in it", "[crypto]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    const auto path = directory.file("keyring");
    for (const std::string& content : std::initializer_list<std::string>{
             "", "x", "holdfast keyring 1\n", "something else entirely\n"}) {
        write(*vfs, path, content);
        const auto kind = failure(*vfs, path);
        CHECK((kind == Kind::malformed || kind == Kind::damaged));
        CHECK(content_of(*vfs, path) == content);
    }
}

TEST_CASE("keyring: another version is told apart from damage", "[crypto]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    const auto path = directory.file("keyring");
    write(*vfs, path, "holdfast keyring 2\nwhatever\n");
    CHECK(failure(*vfs, path) == Kind::malformed);
    write(*vfs, path, std::string(keyring_file_bytes_max + 1, 'x'));
    CHECK(failure(*vfs, path) == Kind::io);
}

TEST_CASE("keyring: every flipped bit and every cut of the file is noticed", "[crypto]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    const auto path = directory.file("keyring");
    opened(Keyring::open(*vfs, path, random, true));
    const std::string whole = content_of(*vfs, path);
    REQUIRE(parse_keyring(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
        REQUIRE_FALSE(parse_keyring(whole.substr(0, size)));
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
        REQUIRE_FALSE(parse_keyring(damaged));
    }
}

TEST_CASE("keyring: lines that do not fit together are damage even under a right seal",
          "[crypto]") {
    const auto refused_as = [](const std::string& lines) {
        const std::string body = "holdfast keyring 1\n" + lines;
        const auto keys =
            parse_keyring(body + "sha256 " + base::to_hex(sha256(base::as_bytes(body))) + "\n");
        REQUIRE_FALSE(keys);
        return keys.error().kind;
    };
    const std::string id = master_key_id(base::Secret(std::string(32, 'k')));
    const std::string key_line = "key " + id + " " + base64_of('k') + "\n";
    const std::string active_line = "active " + id + "\n";
    for (const std::string& lines : std::initializer_list<std::string>{
             "", key_line, active_line, key_line + "active 00000000\n",
             key_line + active_line + active_line, key_line + key_line + active_line,
             key_line + "\n" + active_line, key_line + active_line + "extra 1\n",
             "key 12345678 " + base64_of('k') + "\nactive 12345678\n",
             "key " + id + " AAAA\n" + active_line, "key " + id + "\n" + active_line})
        CHECK(refused_as(lines) == Kind::damaged);
}

TEST_CASE("keyring: several keys are kept, the active one wraps, all unwrap", "[crypto]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    const auto old_ring = from_key('a', random);
    const auto new_ring = from_key('b', random);
    MasterKeys both;
    for (const char c : {'a', 'b'}) {
        base::Secret key(std::string(32, c));
        both.by_id.emplace(master_key_id(key), key);
    }
    both.active_id = new_ring->active_key_id();
    write(*vfs, directory.file("keyring"), format_keyring(both).reveal());
    const auto ring = opened(Keyring::open(*vfs, directory.file("keyring"), random, false));

    const auto key = ring->make_data_key();
    CHECK(new_ring->unwrap(ring->wrap(key, "c"), "c"));
    CHECK(ring->unwrap(old_ring->wrap(key, "c"), "c"));
    CHECK(unwrap_failure(*old_ring, ring->wrap(key, "c"), "c") == Kind::no_such_master_key);
}

TEST_CASE("keyring: from text takes base64 of 32 bytes and nothing else", "[crypto]") {
    base::SystemRandom random;
    const auto plain = from_key('a', random);
    const auto padded =
        opened(Keyring::from_text(base::Secret(" " + base64_of('a') + "\r\n"), random));
    CHECK(plain->active_key_id() == padded->active_key_id());
    CHECK(plain->active_key_id().size() == 8);
    for (const std::string& bad :
         {std::string(), std::string("\n"), std::string("not base64!"), std::string(32, 'A'),
          base::to_base64(base::Bytes(31)), base::to_base64(base::Bytes(33))}) {
        const auto keyring = Keyring::from_text(base::Secret(bad), random);
        REQUIRE_FALSE(keyring);
        CHECK(keyring.error().kind == Kind::malformed);
        if (bad.size() > 1) CHECK(keyring.error().detail.find(bad) == std::string::npos);
    }
}

TEST_CASE("keyring: a foreign master key is told apart from damage", "[crypto]") {
    base::SystemRandom random;
    const auto ours = from_key('a', random);
    const auto foreign = from_key('b', random);
    const auto wrapped = ours->wrap(ours->make_data_key(), "context");
    CHECK(unwrap_failure(*foreign, wrapped, "context") == Kind::no_such_master_key);
    CHECK(unwrap_failure(*ours, wrapped, "another context") == Kind::wrong_key);

    for (std::size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
        auto damaged = wrapped;
        damaged[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        REQUIRE(unwrap_failure(*ours, damaged, "context") == Kind::damaged);
        REQUIRE(unwrap_failure(*foreign, damaged, "context") == Kind::damaged);
    }
    for (std::size_t size = 0; size < wrapped.size(); ++size)
        REQUIRE(unwrap_failure(*ours, base::ByteView(wrapped).first(size), "context") ==
                Kind::damaged);
}

TEST_CASE("keyring: a wrapped key that is whole, but of another version, is told apart from damage",
          "[crypto]") {
    base::SystemRandom random;
    const auto ring = from_key('a', random);
    const auto wrapped = ring->wrap(ring->make_data_key(), "context");
    const auto sealed_anew = [](base::Bytes body) {
        const auto digest = sha256(body);
        body.insert(body.end(), digest.begin(), digest.begin() + 4);
        return body;
    };
    base::Bytes body(wrapped.begin(), wrapped.end() - 4);
    REQUIRE(sealed_anew(body) == wrapped);
    auto later = body;
    later[0] = 2;
    const auto refused = ring->unwrap(sealed_anew(later), "context");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == Kind::malformed);
    CHECK(refused.error().detail.find("version 2") != std::string::npos);
    body.push_back(0);
    CHECK(unwrap_failure(*ring, sealed_anew(body), "context") == Kind::malformed);
}

TEST_CASE("keyring: the same data key is never wrapped to the same bytes", "[crypto]") {
    base::SystemRandom random;
    const auto ring = from_key('a', random);
    const auto key = ring->make_data_key();
    CHECK(ring->wrap(key, "context") != ring->wrap(key, "context"));
}

TEST_CASE("keyring: file and wrapped key are what docs/format/keyring.md says",
          "[crypto][golden]") {
    base::SeededRandom random(1);
    MasterKeys keys;
    base::Secret master(std::string(32, 'm'));
    keys.active_id = master_key_id(master);
    keys.by_id.emplace(keys.active_id, master);
    CHECK(format_keyring(keys).reveal() ==
          "holdfast keyring 1\n"
          "key 636040a6 bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0=\n"
          "active 636040a6\n"
          "sha256 6d9dbfffc052b75cbecbd36d8e5e3a8158f1816706aef39bc762ed7614db6eaf\n");
    const auto ring = from_key('m', random);
    CHECK(base::to_hex(ring->wrap(DataKey(std::string(32, 'd')), "bucket/key")) ==

          "01636040a6c1675e0bb980a575a89661fec08aa83b63f1ee08469ccdac3041ff8590b4e52a59f9e5d3"
          "00fd815b2430ea133ce725d3cd757422606a70a2c40c22a688f698215176225bee3e2323d22af929");
}

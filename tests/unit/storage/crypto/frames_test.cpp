#include "storage/crypto/frames.h"

#include <numeric>

#include "storage/crypto/aead.h"
#include "storage/crypto/hkdf.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::crypto;

namespace {

const DataKey key{std::string(32, 'k')};
const base::Bytes blob_id{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
const base::Bytes other_blob_id{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17};

base::Bytes some_bytes(std::size_t size) {
    base::Bytes bytes(size);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{7});
    return bytes;
}

base::Bytes sealed(FrameCipher& cipher, std::uint64_t frame, bool last, base::ByteView plain) {
    base::Bytes stored(plain.size() + frame_tag_bytes);
    cipher.seal(frame, last, plain, stored);
    return stored;
}

bool opens(FrameCipher& cipher, std::uint64_t frame, bool last, base::ByteView stored) {
    base::Bytes plain(stored.size() < frame_tag_bytes ? 0 : stored.size() - frame_tag_bytes);
    return cipher.open(frame, last, stored, plain);
}

base::Bytes unhex(std::string_view text) {
    const auto bytes = base::from_hex(text);
    REQUIRE(bytes);
    return *bytes;
}

}  // namespace

TEST_CASE("hkdf: RFC 5869 test cases 1 and 3", "[crypto]") {
    const base::Bytes input(22, 0x0b);
    DerivedKey derived;
    hkdf_sha256(input, unhex("000102030405060708090a0b0c"),
                "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", derived);
    CHECK(base::to_hex(derived.bytes()) ==
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    hkdf_sha256(input, {}, "", derived);
    CHECK(base::to_hex(derived.bytes()) ==
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST_CASE("aead: the AES-256-GCM test cases 13, 14 and 16 of the GCM specification", "[crypto]") {
    Nonce zero{};
    Aead empty{base::Bytes(32)};
    base::Bytes stored(16);
    empty.seal(zero, {}, {}, stored);
    CHECK(base::to_hex(stored) == "530f8afbc74536b9a963b4f1c4cb738b");
    stored.resize(32);
    empty.seal(zero, {}, base::Bytes(16), stored);
    CHECK(base::to_hex(stored) ==
          "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");

    Aead aead{unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")};
    const auto nonce_bytes = unhex("cafebabefacedbaddecaf888");
    Nonce nonce{};
    std::copy(nonce_bytes.begin(), nonce_bytes.end(), nonce.begin());
    const auto plain = unhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    const auto associated = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    stored.resize(plain.size() + aead_tag_bytes);
    aead.seal(nonce, associated, plain, stored);
    CHECK(base::to_hex(stored) ==
          "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
          "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
          "76fc6ece0f4e1768cddf8853bb2d551b");
}

TEST_CASE("frames: every size comes back, in place and out of place", "[crypto]") {
    FrameCipher cipher(key, blob_id);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{16},
                                   std::size_t{4097}, frame_plain_bytes}) {
        const auto plain = some_bytes(size);
        auto stored = sealed(cipher, size, false, plain);
        base::Bytes opened(size);
        REQUIRE(cipher.open(size, false, stored, opened));
        CHECK(opened == plain);

        base::Bytes in_place = plain;
        in_place.resize(size + frame_tag_bytes);
        cipher.seal(size, false, base::ByteView(in_place).first(size), in_place);
        CHECK(in_place == stored);
        REQUIRE(cipher.open(size, false, in_place, base::ByteSpan(in_place).first(size)));
        in_place.resize(size);
        CHECK(in_place == plain);
    }
}

TEST_CASE("frames: a new cipher of the same key and blob opens them", "[crypto]") {
    FrameCipher writer(key, blob_id);
    const auto stored = sealed(writer, 3, true, some_bytes(1000));
    FrameCipher reader(key, blob_id);
    CHECK(opens(reader, 3, true, stored));
    FrameCipher moved(std::move(reader));
    CHECK(opens(moved, 3, true, stored));
}

TEST_CASE("frames: one stored frame is what docs/format/frames.md says", "[crypto][golden]") {
    FrameCipher cipher(key, blob_id);
    const auto stored = sealed(cipher, 0x0102, true, base::as_bytes("holdfast"));
    CHECK(base::to_hex(stored) == "64bb292519cc7697f09703dcdf6e9a714119c0c3984d1255");
}

TEST_CASE("frames: a flipped bit anywhere is refused and nothing of it is given out", "[crypto]") {
    FrameCipher cipher(key, blob_id);
    const auto stored = sealed(cipher, 0, false, some_bytes(64));
    for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
        auto damaged = stored;
        damaged[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        base::Bytes plain(64, 0xee);
        REQUIRE_FALSE(cipher.open(0, false, damaged, plain));
        REQUIRE(plain == base::Bytes(64));
    }
    CHECK(opens(cipher, 0, false, stored));  // a refusal leaves the cipher usable
}

TEST_CASE("frames: reordered, cut off, moved and foreign frames are refused", "[crypto]") {
    FrameCipher cipher(key, blob_id);
    const auto stored = sealed(cipher, 1, false, some_bytes(1000));
    const base::ByteView view(stored);
    CHECK_FALSE(opens(cipher, 0, false, stored));
    CHECK_FALSE(opens(cipher, 2, false, stored));
    CHECK_FALSE(opens(cipher, 1, true, stored));
    CHECK_FALSE(opens(cipher, std::uint64_t{1} << 32 | 1, false, stored));
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{15}, std::size_t{16}, std::size_t{17}, stored.size() - 1})
        CHECK_FALSE(opens(cipher, 1, false, view.first(size)));
    base::Bytes longer = stored;
    longer.push_back(0);
    CHECK_FALSE(opens(cipher, 1, false, longer));
    CHECK_FALSE(cipher.open(1, false, base::Bytes(frame_stored_bytes + 1), {}));

    FrameCipher other_blob(key, other_blob_id);
    CHECK_FALSE(opens(other_blob, 1, false, stored));
    FrameCipher other_key(DataKey(std::string(32, 'j')), blob_id);
    CHECK_FALSE(opens(other_key, 1, false, stored));
}

TEST_CASE("frames: stored sizes count one tag for each frame", "[crypto]") {
    CHECK(stored_bytes(0) == 0);
    CHECK(stored_bytes(1) == 17);
    CHECK(stored_bytes(frame_plain_bytes) == frame_stored_bytes);
    CHECK(stored_bytes(frame_plain_bytes + 1) == frame_stored_bytes + 17);
    CHECK(frame_count(0) == 0);
    CHECK(frame_count(frame_plain_bytes + 1) == 2);
}

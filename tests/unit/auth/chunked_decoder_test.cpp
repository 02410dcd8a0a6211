#include "auth/chunked_decoder.h"

#include "tests/catch.h"
#include "tests/unit/auth/chunk_streams.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::testing;

namespace {

const std::string t6_seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const std::string t7_seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
const std::string crc32c = "x-amz-checksum-crc32c";

ChunkedOptions options_of(PayloadMode mode, std::uint64_t decoded_bytes, std::string announced,
                          const std::string& seed) {
    ChunkedOptions options;
    options.mode = mode;
    options.decoded_bytes = decoded_bytes;
    options.announced_trailer = std::move(announced);
    if (mode != PayloadMode::unsigned_chunks_trailer) options.signing = signing_from(seed);
    return options;
}

ChunkedOptions unsigned_of(std::uint64_t decoded_bytes, std::string announced = "") {
    return options_of(PayloadMode::unsigned_chunks_trailer, decoded_bytes, std::move(announced),
                      "");
}
ChunkedOptions signed_of(std::uint64_t decoded_bytes, std::string announced = "") {
    return options_of(PayloadMode::signed_chunks, decoded_bytes, std::move(announced), t6_seed);
}
ChunkedOptions trailer_of(std::uint64_t decoded_bytes, std::string announced = crc32c) {
    return options_of(PayloadMode::signed_chunks_trailer, decoded_bytes, std::move(announced),
                      t7_seed);
}

std::string chunk(std::string_view data) {
    return hex(data.size()) + "\r\n" + std::string(data) + "\r\n";
}

/// The published bodies, with the published signatures.
std::string t6_body() {
    return "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
           "\r\n" +
           std::string(65536, 'a') +
           "\r\n400;chunk-signature="
           "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
           std::string(1024, 'a') +
           "\r\n0;chunk-signature="
           "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
}

std::string t7_body(const std::string& trailer_end = "\r\n") {
    return "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"
           "\r\n" +
           std::string(65536, 'a') +
           "\r\n400;chunk-signature="
           "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
           std::string(1024, 'a') +
           "\r\n0;chunk-signature="
           "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
           crc32c + ":sOO8/Q==" + trailer_end +
           "x-amz-trailer-signature:"
           "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
}

const std::string t13_body = "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";

bool refused(const Outcome& outcome, AuthCode code) {
    return outcome.error && outcome.error->code == code && !outcome.complete;
}

}  // namespace

TEST_CASE("chunks: the signed body of the documentation (T6a, T6b, T6c)", "[auth][vectors]") {
    const auto body = t6_body();
    CHECK(body.size() == 66824);
    const auto outcome = decode_whole(signed_of(66560), body);
    CHECK_FALSE(outcome.error);
    CHECK(outcome.complete);
    CHECK(outcome.payload == std::string(66560, 'a'));
    CHECK(outcome.trailer.name.empty());
}

TEST_CASE("chunks: the signed body with a trailer (T7a to T7d)", "[auth][vectors]") {
    for (const auto* line_end : {"\r\n", "\n\r\n"}) {
        const auto outcome = decode_whole(trailer_of(66560), t7_body(line_end));
        CHECK_FALSE(outcome.error);
        CHECK(outcome.complete);
        CHECK(outcome.payload.size() == 66560);
        CHECK(outcome.trailer.name == crc32c);
        CHECK(outcome.trailer.value == "sOO8/Q==");
    }
}

TEST_CASE("chunks: the unsigned body with a trailer (T13)", "[auth][vectors]") {
    CHECK(t13_body.size() == 52);
    const auto outcome = decode_whole(unsigned_of(11, "x-amz-checksum-crc32"), t13_body);
    CHECK_FALSE(outcome.error);
    CHECK(outcome.payload == "hello world");
    CHECK(outcome.trailer.name == "x-amz-checksum-crc32");
    CHECK(outcome.trailer.value == "DUoRhQ==");
}

TEST_CASE("chunks: an empty payload in every mode", "[auth]") {
    CHECK(decode_whole(unsigned_of(0), "0\r\n\r\n").complete);
    CHECK(decode_whole(signed_of(0), SignedStream(t6_seed).chunk("").text("\r\n").body()).complete);
    CHECK(decode_whole(trailer_of(0, ""),
                       SignedStream(t7_seed).chunk("").trailer_signature().text("\r\n").body())
              .complete);
}

TEST_CASE("chunks: the sum of the sizes is the announced length (K-03)", "[auth]") {
    CHECK(decode_whole(unsigned_of(5), chunk("hello") + "0\r\n\r\n").complete);
    CHECK(refused(decode_whole(unsigned_of(6), chunk("hello") + "0\r\n\r\n"),
                  AuthCode::incomplete_body));
    CHECK(refused(decode_whole(unsigned_of(4), chunk("hello") + "0\r\n\r\n"),
                  AuthCode::incomplete_body));
    const auto short_one = decode_whole(unsigned_of(6), chunk("hello") + "0\r\n\r\n");
    CHECK(field(*short_one.error, "NumberBytesExpected") == "6");
    CHECK(field(*short_one.error, "NumberBytesProvided") == "5");
}

TEST_CASE("chunks: no byte follows the end (K-03, K-04)", "[auth]") {
    const auto body = chunk("hello") + "0\r\n\r\n";
    for (const auto* more : {"x", "\r\n", "0\r\n\r\n"}) {
        CHECK(refused(decode_whole(unsigned_of(5), body + more), AuthCode::incomplete_body));
        CHECK(refused(decode_in_pieces(unsigned_of(5), body + more, [](auto) { return 1; }),
                      AuthCode::incomplete_body));
    }
}

TEST_CASE("chunks: the header line (K-05)", "[auth]") {
    for (const std::string header :
         {"", " 5", "5 ", "+5", "-5", "0x5", "5\n", "g", "00000000000000005", "5\r", "6",
          "ffffffffffffffff", "5;", "5;a=b"})
        CHECK(refused(decode_whole(unsigned_of(5), header + "\r\nhello\r\n0\r\n\r\n"),
                      AuthCode::incomplete_body));
    for (const std::string header : {"5", "05", "0000000000000005"})
        CHECK(decode_whole(unsigned_of(5), header + "\r\nhello\r\n0\r\n\r\n").complete);
    CHECK(decode_whole(unsigned_of(10), "A\r\nhelloworld\r\n0000\r\n\r\n").complete);
    CHECK(decode_whole(unsigned_of(10), "a\r\nhelloworld\r\n0\r\n\r\n").complete);
    // Bare line feeds end no line.
    CHECK(refused(decode_whole(unsigned_of(5), "5\nhello\n0\n\n"), AuthCode::incomplete_body));
}

TEST_CASE("chunks: a header line ends within 1024 bytes (K-05)", "[auth]") {
    ChunkedDecoder decoder(unsigned_of(5));
    std::vector<std::uint8_t> digits(1024, '0');
    CHECK(decoder.decode(digits));
    std::vector<std::uint8_t> one_more{'0'};
    const auto refused_now = decoder.decode(one_more);
    REQUIRE_FALSE(refused_now);
    CHECK(refused_now.error().code == AuthCode::incomplete_body);
}

TEST_CASE("chunks: all but the last have 8192 bytes (K-06)", "[auth]") {
    const std::string full(8192, 'f');
    CHECK(decode_whole(unsigned_of(8193), chunk(full) + chunk("x") + "0\r\n\r\n").complete);
    const auto outcome = decode_whole(
        unsigned_of(16385), chunk(full) + chunk(full.substr(1)) + chunk("xy") + "0\r\n\r\n");
    CHECK(refused(outcome, AuthCode::invalid_chunk_size_error));
    CHECK(field(*outcome.error, "Chunk") == "2");
    CHECK(field(*outcome.error, "BadChunkSize") == "8191");

    const auto signed_body =
        SignedStream(t6_seed).chunk("small").chunk("x").chunk("").text("\r\n").body();
    CHECK(refused(decode_whole(signed_of(6), signed_body), AuthCode::invalid_chunk_size_error));
}

TEST_CASE("chunks: extensions (K-07)", "[auth]") {
    CHECK(refused(decode_whole(unsigned_of(5), "5;chunk-signature=" + std::string(64, 'a') +
                                                   "\r\nhello\r\n0\r\n\r\n"),
                  AuthCode::incomplete_body));
    const std::string digits(64, 'a');
    for (const auto& header :
         {std::string("5"), "5;chunk-signature=" + digits.substr(1),
          "5;chunk-signature=" + digits + "a", "5;chunk-signature=" + digits + ";x=y",
          "5;x=y;chunk-signature=" + digits, "5; chunk-signature=" + digits,
          "5;Chunk-Signature=" + digits, "5;chunk-signature=" + digits.substr(1) + "g"})
        CHECK(refused(decode_whole(signed_of(5), header + "\r\nhello\r\n0\r\n\r\n"),
                      AuthCode::incomplete_body));
}

TEST_CASE("chunks: a wrong chunk signature shows the chunk's own text (K-08)", "[auth]") {
    const auto body = t6_body();
    const auto first = body.find("chunk-signature=") + 16;
    const auto second = body.find("chunk-signature=", first) + 16;
    const auto third = body.find("chunk-signature=", second) + 16;
    for (const auto place : {first, second + 40, third + 63}) {
        auto altered = body;
        altered[place] = altered[place] == '0' ? '1' : '0';
        const auto outcome = decode_whole(signed_of(66560), altered);
        CHECK(refused(outcome, AuthCode::signature_does_not_match));
        CHECK(field(*outcome.error, "StringToSign")->starts_with("AWS4-HMAC-SHA256-PAYLOAD\n"));
        CHECK_FALSE(field(*outcome.error, "CanonicalRequest"));
    }
    auto upper = body;
    upper[first] = 'A';
    CHECK(refused(decode_whole(signed_of(66560), upper), AuthCode::signature_does_not_match));
}

TEST_CASE("chunks: data, order and seed are covered by the signatures (K-08)", "[auth]") {
    auto altered = t6_body();
    altered[70000 - 4000] ^= 1;
    CHECK(refused(decode_whole(signed_of(66560), altered), AuthCode::signature_does_not_match));
    CHECK(
        refused(decode_whole(options_of(PayloadMode::signed_chunks, 66560, "", t7_seed), t6_body()),
                AuthCode::signature_does_not_match));

    const std::string a(8192, 'a');
    const std::string b(8192, 'b');
    const auto body = SignedStream(t6_seed).chunk(a).chunk(b).chunk("").text("\r\n").body();
    const auto length = std::string("2000;chunk-signature=").size() + 64 + 2 + 8192 + 2;
    const auto swapped =
        body.substr(length, length) + body.substr(0, length) + body.substr(2 * length);
    REQUIRE(swapped.size() == body.size());
    CHECK(decode_whole(signed_of(16384), body).complete);
    CHECK(refused(decode_whole(signed_of(16384), swapped), AuthCode::signature_does_not_match));
}

TEST_CASE("chunks: a stream that ends early, at any byte (K-09)", "[auth]") {
    for (std::size_t cut = 0; cut < t13_body.size(); ++cut) {
        INFO(cut);
        CHECK(
            refused(decode_whole(unsigned_of(11, "x-amz-checksum-crc32"), t13_body.substr(0, cut)),
                    AuthCode::incomplete_body));
    }
    const auto body = SignedStream(t7_seed)
                          .chunk("hello")
                          .chunk("")
                          .trailer(crc32c, "sOO8/Q==")
                          .trailer_signature()
                          .text("\r\n")
                          .body();
    CHECK(decode_whole(trailer_of(5), body).complete);
    for (std::size_t cut = 0; cut < body.size(); ++cut) {
        INFO(cut);
        CHECK(refused(decode_whole(trailer_of(5), body.substr(0, cut)), AuthCode::incomplete_body));
    }
}

TEST_CASE("chunks: after a fault the first answer stands", "[auth]") {
    ChunkedDecoder decoder(unsigned_of(5));
    std::vector<std::uint8_t> wrong{'x', '\r', '\n'};
    REQUIRE_FALSE(decoder.decode(wrong));
    const std::string good = chunk("hello") + "0\r\n\r\n";
    std::vector<std::uint8_t> rest(good.begin(), good.end());
    CHECK_FALSE(decoder.decode(rest));
    CHECK_FALSE(decoder.complete());
    CHECK_FALSE(decoder.finish());
}

TEST_CASE("chunks: a moved decoder goes on", "[auth]") {
    ChunkedDecoder first(unsigned_of(5));
    std::vector<std::uint8_t> head{'5', '\r'};
    CHECK(first.decode(head));
    ChunkedDecoder second(std::move(first));
    const std::string tail = "\nhello\r\n0\r\n\r\n";
    std::vector<std::uint8_t> rest(tail.begin(), tail.end());
    CHECK(*second.decode(rest) == 5);
    CHECK(second.complete());
}

TEST_CASE("trailers: exactly the announced one (K-13)", "[auth]") {
    const auto with_trailers = [](const std::string& announced, const std::string& lines) {
        return decode_whole(unsigned_of(5, announced), chunk("hello") + "0\r\n" + lines + "\r\n");
    };
    CHECK(with_trailers(crc32c, crc32c + ":sOO8/Q==\r\n").complete);
    CHECK(with_trailers(crc32c, "X-Amz-Checksum-CRC32C: \tsOO8/Q== \r\n").trailer.value ==
          "sOO8/Q==");
    CHECK(with_trailers(crc32c, "X-Amz-Checksum-CRC32C:a\r\n").trailer.name == crc32c);
    const std::vector<std::pair<std::string, std::string>> wrong{
        {crc32c, "x-amz-checksum-crc32:a\r\n"},                   // another name
        {crc32c, ""},                                             // announced but absent
        {"", crc32c + ":a\r\n"},                                  // not announced
        {crc32c, crc32c + ":a\r\n" + crc32c + ":a\r\n"},          // twice
        {crc32c, crc32c + ":a\r\nx-amz-meta-a:b\r\n"},            // one more
        {crc32c, crc32c + "\r\n"},                                // no value
        {"", ":a\r\n"},                                           // no name
        {crc32c, crc32c + " :a\r\n"},                             // space in front of the colon
        {crc32c, crc32c + ":a\rb\r\n"},                           // bare CR
        {crc32c, crc32c + ":a\n\n\r\n"},                          // more than one LF
        {crc32c, crc32c + ":a\nx-amz-checksum-crc32c:b\r\n"},     // LF inside
        {crc32c, crc32c + ":a\r\nx-amz-trailer-signature:b\r\n"}  // of the signed form
    };
    for (const auto& [announced, lines] : wrong) {
        INFO(announced << " / " << lines);
        CHECK(refused(with_trailers(announced, lines), AuthCode::malformed_trailer_error));
    }
}

TEST_CASE("trailers: signed chunks without -TRAILER have none (K-13)", "[auth]") {
    const auto body = [](const std::string& lines) {
        return SignedStream(t6_seed).chunk("hello").chunk("").text(lines + "\r\n").body();
    };
    CHECK(refused(decode_whole(signed_of(5, crc32c), body(crc32c + ":a\r\n")),
                  AuthCode::malformed_trailer_error));
    CHECK(refused(decode_whole(signed_of(5, crc32c), body("")), AuthCode::malformed_trailer_error));
    CHECK(refused(decode_whole(signed_of(5), body(crc32c + ":a\r\n")),
                  AuthCode::malformed_trailer_error));
    CHECK(decode_whole(signed_of(5), body("")).complete);
}

TEST_CASE("trailers: a value is handed on as it is, its digits are the caller's (K-14)", "[auth]") {
    const auto outcome = decode_whole(unsigned_of(0, crc32c), "0\r\n" + crc32c + ":\r\n\r\n");
    CHECK(outcome.complete);
    CHECK(outcome.trailer.name == crc32c);
    CHECK(outcome.trailer.value.empty());
}

TEST_CASE("trailers: the section has at most 4 KiB (K-16)", "[auth]") {
    const auto section_of = [](std::size_t bytes) {
        // name, colon, value, CRLF, CRLF
        return crc32c + ":" + std::string(bytes - crc32c.size() - 5, 'a') + "\r\n\r\n";
    };
    CHECK(section_of(4096).size() == 4096);
    CHECK(decode_whole(unsigned_of(0, crc32c), "0\r\n" + section_of(4096)).complete);
    CHECK(refused(decode_whole(unsigned_of(0, crc32c), "0\r\n" + section_of(4097)),
                  AuthCode::malformed_trailer_error));
    CHECK(refused(decode_whole(unsigned_of(0, crc32c), "0\r\n" + std::string(5000, 'a')),
                  AuthCode::malformed_trailer_error));
}

TEST_CASE("trailers: their signature (K-17)", "[auth]") {
    const auto begun = [] {
        return SignedStream(t7_seed).chunk("hello").chunk("").trailer(crc32c, "sOO8/Q==");
    };
    CHECK(decode_whole(trailer_of(5), begun().trailer_signature().text("\r\n").body()).complete);
    CHECK(refused(decode_whole(trailer_of(5), begun().text("\r\n").body()),
                  AuthCode::incomplete_body));
    for (const auto& wrong : {std::string(64, 'a'), std::string("x"), std::string()}) {
        const auto outcome = decode_whole(
            trailer_of(5), begun().text("x-amz-trailer-signature:" + wrong + "\r\n\r\n").body());
        CHECK(refused(outcome, AuthCode::signature_does_not_match));
        CHECK(field(*outcome.error, "StringToSign")->starts_with("AWS4-HMAC-SHA256-TRAILER\n"));
    }
    // It is the last line, and there once.
    const auto good = begun().trailer_signature_value();
    const auto line = "x-amz-trailer-signature:" + good + "\r\n";
    CHECK(refused(decode_whole(trailer_of(5), begun().text(line + line + "\r\n").body()),
                  AuthCode::malformed_trailer_error));
    CHECK(refused(decode_whole(trailer_of(5), SignedStream(t7_seed)
                                                  .chunk("hello")
                                                  .chunk("")
                                                  .trailer_signature()
                                                  .trailer(crc32c, "sOO8/Q==")
                                                  .text("\r\n")
                                                  .body()),
                  AuthCode::malformed_trailer_error));
}

TEST_CASE("trailers: an altered value is SignatureDoesNotMatch (K-17)", "[auth]") {
    auto body = t7_body();
    body.replace(body.find("sOO8"), 4, "tOO8");
    CHECK(refused(decode_whole(trailer_of(66560), body), AuthCode::signature_does_not_match));
}

TEST_CASE("trailers: none announced and none sent is fine (K-18)", "[auth]") {
    const auto outcome = decode_whole(unsigned_of(5), chunk("hello") + "0\r\n\r\n");
    CHECK(outcome.complete);
    CHECK(outcome.trailer.name.empty());
}

TEST_CASE("chunks: every way to split a small stream gives the same (K-21)", "[auth]") {
    for (std::size_t at = 1; at < t13_body.size(); ++at) {
        std::vector<std::size_t> sizes{at, t13_body.size()};
        std::size_t next = 0;
        const auto outcome = decode_in_pieces(unsigned_of(11, "x-amz-checksum-crc32"), t13_body,
                                              [&](std::size_t) { return sizes[next++]; });
        INFO(at);
        CHECK(outcome.complete);
        CHECK(outcome.payload == "hello world");
        CHECK(outcome.trailer.value == "DUoRhQ==");
    }
}

TEST_CASE("chunks: random splits of good and altered streams give the same (K-21)", "[auth]") {
    const std::uint32_t seed = 20130524;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto streams = {std::pair(signed_of(66560), t6_body()),
                          std::pair(trailer_of(66560), t7_body()),
                          std::pair(trailer_of(66560), t7_body("\n\r\n")),
                          std::pair(unsigned_of(11, "x-amz-checksum-crc32"), t13_body)};
    for (const auto& [options, good] : streams) {
        for (int round = 0; round < 40; ++round) {
            auto body = good;
            if (round % 2 == 1) body[random() % body.size()] = static_cast<char>(random());
            const auto whole = decode_whole(options, body);
            const auto longest = 1 + random() % (round % 4 < 2 ? 90 : 9000);
            const auto pieces = decode_in_pieces(
                options, body, [&](std::size_t) { return 1 + random() % longest; });
            CHECK(pieces.complete == whole.complete);
            CHECK(pieces.error.has_value() == whole.error.has_value());
            if (pieces.error && whole.error) {
                CHECK(pieces.error->code == whole.error->code);
                CHECK(pieces.error->fields == whole.error->fields);
            } else {
                CHECK(pieces.payload == whole.payload);
                CHECK(pieces.trailer.value == whole.trailer.value);
            }
        }
    }
}

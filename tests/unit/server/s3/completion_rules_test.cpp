#include "server/s3/completion_rules.h"

#include "server/s3/stored_checksum.h"
#include "storage/checksum/digest.h"
#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;
using model::ChecksumAlgorithm;
using model::ChecksumType;

namespace {

/// An upload with its stored parts, a list of them, and the rules they meet.
class Bench {
public:
    explicit Bench(std::optional<ChecksumAlgorithm> algorithm = std::nullopt,
                   ChecksumType type = ChecksumType::full_object)
        : algorithm_(algorithm), type_(type) {
        rules.part_bytes_min = 5;
        rules.object_bytes_max = 1000;
        if (!algorithm) return;
        upload.set_checksum_algorithm(static_cast<std::uint32_t>(*algorithm));
        upload.set_checksum_type(static_cast<std::uint32_t>(type));
    }

    /// Stores a part and lists it with what Complete has to say of it.
    Bench& with(std::uint32_t number, const std::string& bytes) {
        const auto view = base::as_bytes(bytes);
        const auto algorithm = algorithm_.value_or(ChecksumAlgorithm::crc64nvme);
        const model::Checksum sum{algorithm, storage::checksum::digest(algorithm, view)};
        const auto md5 = storage::checksum::md5(view);
        records::Part part;
        part.set_number(number);
        part.set_md5(md5.data(), md5.size());
        part.mutable_body()->set_plain_bytes(bytes.size());
        if (algorithm_)
            *part.mutable_checksum() = to_record(sum, type_);
        else
            part.set_crc64nvme(sum.digest.data(), sum.digest.size());
        parts.push_back(std::move(part));

        ListedPart listed;
        listed.number = number;
        listed.etag = base::to_hex(md5);
        if (algorithm_ && type_ == ChecksumType::composite)
            listed.checksums.emplace_back(algorithm, sum.text());
        request.parts.push_back(std::move(listed));
        return *this;
    }

    [[nodiscard]] Result<catalog::CompletionPlan> plan() const {
        return plan_completion(rules, request, "upload-id", upload, parts);
    }

    CompletionRules rules;
    CompletionRequest request;
    records::Upload upload;
    std::vector<records::Part> parts;

private:
    std::optional<ChecksumAlgorithm> algorithm_;
    ChecksumType type_;
};

Bench three_letters(std::optional<ChecksumAlgorithm> algorithm, ChecksumType type) {
    Bench bench(algorithm, type);
    bench.rules.part_bytes_min = 5 << 20;
    bench.rules.object_bytes_max = 15 << 20;
    bench.with(1, std::string(5 << 20, 'A'));
    bench.with(2, std::string(5 << 20, 'B'));
    bench.with(3, std::string(5 << 20, 'C'));
    return bench;
}

Bench two_parts(std::optional<ChecksumAlgorithm> algorithm = std::nullopt,
                ChecksumType type = ChecksumType::full_object) {
    Bench bench(algorithm, type);
    bench.with(1, "first").with(2, "second");
    return bench;
}

/// The code and message of a plan that is refused as a part.
void check_invalid_part(const Bench& bench, const char* number) {
    const auto refused = bench.plan();
    CHECK(code_of(refused) == "InvalidPart");
    CHECK(field(refused, "UploadId") == "upload-id");
    CHECK(field(refused, "PartNumber") == number);
    CHECK(field(refused, "ETag").has_value());
}

}  // namespace

TEST_CASE("Complete: ETag and checksums of three letters (CPL-43, CK-10, CK-11, section 17)",
          "[s3][multipart]") {
    struct Row {
        std::optional<ChecksumAlgorithm> algorithm;
        ChecksumType type;
        const char* checksum;
    };
    for (const auto& row :
         {Row{ChecksumAlgorithm::sha256, ChecksumType::composite,
              "uWBwpe1dxI4Vw8Gf0X9ynOdw/SS6VBzfWm9giiv1sf4=-3"},
          Row{ChecksumAlgorithm::sha1, ChecksumType::composite, "sizjvY4eud3MrcHdZM3cQ/ol39o=-3"},
          Row{ChecksumAlgorithm::crc32, ChecksumType::full_object, "WgDhBQ=="},
          Row{ChecksumAlgorithm::crc32c, ChecksumType::full_object, "xU+Krw=="},
          Row{ChecksumAlgorithm::crc64nvme, ChecksumType::full_object, "i+6LR0y3eFo="},
          Row{std::nullopt, ChecksumType::full_object, "i+6LR0y3eFo="}}) {
        INFO(row.checksum);
        const auto plan = three_letters(row.algorithm, row.type).plan();
        REQUIRE(plan);
        CHECK(plan->etag == "b2add96cc9702bbf4efb0ccdfc6b7747-3");
        REQUIRE(plan->checksum);
        CHECK(checksum_text(*plan->checksum) == row.checksum);
        CHECK(type_of(*plan->checksum) == row.type);
        CHECK(plan->part_checksums == (row.type == ChecksumType::composite));
        CHECK(plan->chosen == std::vector<std::size_t>{0, 1, 2});
    }
}

TEST_CASE("Complete: parts of unequal length (CK-10, CK-11, section 17)", "[s3][multipart]") {
    for (const auto& [type, text] : {std::pair{ChecksumType::composite, "5FRUiw==-3"},
                                     std::pair{ChecksumType::full_object, "qSEQSA=="}}) {
        Bench bench(ChecksumAlgorithm::crc32, type);
        bench.rules.object_bytes_max = 11 << 20;
        bench.with(1, std::string(5'242'881, 'a')).with(2, std::string(5'242'881, 'a'));
        bench.with(3, std::string(10, 'a'));
        const auto plan = bench.plan();
        REQUIRE(plan);
        CHECK(checksum_text(*plan->checksum) == text);
        CHECK(plan->etag == "4d45984fc3feb2ac9b22683c49674b56-3");
    }
}

TEST_CASE("Complete: one part is a multipart object too (CPL-43, CK-12, section 17)",
          "[s3][multipart]") {
    const auto plan = Bench().with(1, "aaa").plan();
    REQUIRE(plan);
    CHECK(plan->etag == "e2c3da976e66ec9e7dc128fbc782fc91-1");
    CHECK(checksum_text(*plan->checksum) == "Rnr2/5P7Gsk=");
}

TEST_CASE("Complete: a part number below 1 (CPL-10)", "[s3][multipart]") {
    for (const std::int64_t number : {0, -1}) {
        auto bench = two_parts();
        bench.request.parts[1].number = number;
        const auto refused = bench.plan();
        CHECK(code_of(refused) == "InvalidArgument");
        CHECK(message_of(refused) == "PartNumber must be >= 1");
        CHECK(field(refused, "ArgumentName") == "PartNumber");
        CHECK(field(refused, "ArgumentValue") == std::to_string(number));
    }
}

TEST_CASE("Complete: numbers ascend (CPL-11)", "[s3][multipart]") {
    auto bench = two_parts();
    std::swap(bench.request.parts[0], bench.request.parts[1]);
    const auto refused = bench.plan();
    CHECK(code_of(refused) == "InvalidPartOrder");
    CHECK(field(refused, "UploadId") == "upload-id");
}

TEST_CASE("Complete: of a number listed twice the last counts, or the list is refused (CPL-11)",
          "[s3][multipart]") {
    auto bench = two_parts();
    auto replaced = bench.request.parts[0];
    replaced.etag = std::string(32, '0');
    bench.request.parts.insert(bench.request.parts.begin(), replaced);
    const auto plan = bench.plan();
    REQUIRE(plan);
    CHECK(plan->chosen == std::vector<std::size_t>{0, 1});
    CHECK(plan->etag == two_parts().plan()->etag);
    bench.rules.duplicates_last_wins = false;
    CHECK(code_of(bench.plan()) == "InvalidPartOrder");
}

TEST_CASE("Complete: the checksum's type is the upload's (CPL-12)", "[s3][multipart]") {
    auto composite = two_parts(ChecksumAlgorithm::crc32, ChecksumType::composite);
    composite.request.type = ChecksumType::composite;
    CHECK(composite.plan().has_value());
    composite.request.type = ChecksumType::full_object;
    CHECK(code_of(composite.plan()) == "InvalidRequest");
    CHECK(message_of(composite.plan()) ==
          "The upload was created using the COMPOSITE checksum mode. The complete request must use "
          "the same checksum mode.");
    auto none = two_parts();
    none.request.type = ChecksumType::full_object;
    CHECK(message_of(none.plan()) ==
          "The upload was created using the null checksum mode. The complete request must use the "
          "same checksum mode.");
}

TEST_CASE("Complete: a part that is not there, or another one (CPL-20)", "[s3][multipart]") {
    auto missing = two_parts();
    missing.request.parts[1].number = 3;
    check_invalid_part(missing, "3");
    auto other = two_parts();
    other.request.parts[0].etag = std::string(32, '0');
    check_invalid_part(other, "1");
    CHECK(field(other.plan(), "ETag") == std::string(32, '0'));
    auto huge = two_parts();
    huge.request.parts[1].number = std::int64_t{1} << 33;
    check_invalid_part(huge, "8589934592");
    auto capitals = two_parts();
    for (auto& c : capitals.request.parts[0].etag)
        if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    CHECK(capitals.plan().has_value());
}

TEST_CASE("Complete: a part's checksum is one value in base64 (CPL-21)", "[s3][multipart]") {
    auto bench = two_parts(ChecksumAlgorithm::crc32, ChecksumType::composite);
    bench.request.parts[0].checksums = {{ChecksumAlgorithm::crc32, "???"}};
    const auto malformed = bench.plan();
    CHECK(code_of(malformed) == "InvalidArgument");
    CHECK(message_of(malformed) == "Invalid Base64 or multiple checksums present in request");
    CHECK(field(malformed, "ArgumentName") == "Checksum");
    CHECK(field(malformed, "ArgumentValue") == "???");
    bench.request.parts[0].checksums = {{ChecksumAlgorithm::crc32, "AAAAAA=="},
                                        {ChecksumAlgorithm::sha1, "x"}};
    CHECK(field(bench.plan(), "ArgumentValue") == "CRC32:AAAAAA==;SHA1:x;");
}

TEST_CASE("Complete: no checksum was asked for, so none can be listed (CPL-22)",
          "[s3][multipart]") {
    auto bench = two_parts();
    const auto& crc = bench.parts[0].crc64nvme();
    bench.request.parts[0].checksums = {
        {ChecksumAlgorithm::crc64nvme, base::to_base64(base::as_bytes(crc))}};
    check_invalid_part(bench, "1");
}

TEST_CASE("Complete: a listed checksum of another algorithm (CPL-23)", "[s3][multipart]") {
    for (const auto type : {ChecksumType::composite, ChecksumType::full_object}) {
        auto bench = two_parts(ChecksumAlgorithm::crc32, type);
        bench.request.parts[1].checksums = {{ChecksumAlgorithm::crc32c, "AAAAAA=="}};
        CHECK(code_of(bench.plan()) == "BadDigest");
        CHECK(message_of(bench.plan()) ==
              "The crc32 you specified for part 2 did not match what we received.");
    }
}

TEST_CASE("Complete: a composite needs every part's checksum (CPL-23a)", "[s3][multipart]") {
    auto composite = two_parts(ChecksumAlgorithm::sha256, ChecksumType::composite);
    composite.request.parts[1].checksums.clear();
    CHECK(code_of(composite.plan()) == "InvalidRequest");
    CHECK(message_of(composite.plan()) ==
          "The upload was created using a sha256 checksum. The complete request must include the "
          "checksum for each part. It was missing for part 2 in the request.");
    CHECK(two_parts(ChecksumAlgorithm::crc32, ChecksumType::full_object).plan().has_value());
}

TEST_CASE("Complete: a wrong value of the right algorithm (CPL-23b)", "[s3][multipart]") {
    for (const auto type : {ChecksumType::composite, ChecksumType::full_object}) {
        auto bench = two_parts(ChecksumAlgorithm::crc32, type);
        bench.request.parts[1].checksums = {{ChecksumAlgorithm::crc32, "AAAAAA=="}};
        check_invalid_part(bench, "2");
    }
}

TEST_CASE("Complete: gaps in the numbers only without an algorithm (CPL-24)", "[s3][multipart]") {
    const auto gaps = [](std::optional<ChecksumAlgorithm> algorithm) {
        Bench bench(algorithm, ChecksumType::full_object);
        bench.with(1, "first").with(3, "third").with(5, "fifth");
        return bench.plan();
    };
    CHECK(gaps(std::nullopt)->etag.substr(32) == "-3");
    CHECK(code_of(gaps(ChecksumAlgorithm::crc32)) == "InvalidPartOrder");
    auto from_two = two_parts(ChecksumAlgorithm::crc32);
    from_two.request.parts.erase(from_two.request.parts.begin());
    CHECK(code_of(from_two.plan()) == "InvalidPartOrder");
}

TEST_CASE("Complete: every part but the last is big enough (CPL-25, LIM-06)", "[s3][multipart]") {
    Bench bench;
    bench.with(1, "four").with(2, "");
    const auto refused = bench.plan();
    CHECK(code_of(refused) == "EntityTooSmall");
    CHECK(message_of(refused) == "Your proposed upload is smaller than the minimum allowed size");
    CHECK(field(refused, "ProposedSize") == "4");
    CHECK(field(refused, "MinSizeAllowed") == "5");
    CHECK(field(refused, "PartNumber") == "1");
    CHECK(field(refused, "ETag") == bench.request.parts[0].etag);
    CHECK(Bench().with(1, "").plan().has_value());
    CHECK(Bench().with(1, "five!").with(2, "").plan().has_value());
}

TEST_CASE("Complete: a part that is not listed does not count (CPL-41)", "[s3][multipart]") {
    auto bench = two_parts();
    bench.request.parts.erase(bench.request.parts.begin());
    bench.request.object_bytes = 6;
    const auto plan = bench.plan();
    REQUIRE(plan);
    CHECK(plan->chosen == std::vector<std::size_t>{1});
    CHECK(plan->etag.substr(32) == "-1");
}

TEST_CASE("Complete: the object has a largest size (CPL-26)", "[s3][multipart]") {
    auto bench = two_parts();
    bench.rules.object_bytes_max = 11;
    CHECK(bench.plan().has_value());
    bench.rules.object_bytes_max = 10;
    CHECK(code_of(bench.plan()) == "EntityTooLarge");
    CHECK(field(bench.plan(), "ProposedSize") == "11");
    CHECK(field(bench.plan(), "MaxSizeAllowed") == "10");
}

TEST_CASE("Complete: the size demanded of the whole (CPL-27)", "[s3][multipart]") {
    auto bench = two_parts();
    bench.request.object_bytes = 11;
    CHECK(bench.plan().has_value());
    bench.request.object_bytes = 12;
    CHECK(code_of(bench.plan()) == "InvalidRequest");
    CHECK(message_of(bench.plan()) ==
          "The provided 'x-amz-mp-object-size' header value 12 does not match what was computed: "
          "11");
}

TEST_CASE("Complete: without an algorithm the whole's checksum is ignored (CPL-28)",
          "[s3][multipart]") {
    auto bench = two_parts();
    bench.request.checksum = CompletionRequest::Value{ChecksumAlgorithm::crc32, "nonsense"};
    CHECK(bench.plan().has_value());
}

TEST_CASE("Complete: a full object's checksum of the whole (CPL-28a)", "[s3][multipart]") {
    auto bench = two_parts(ChecksumAlgorithm::crc32);
    const auto right = checksum_text(*bench.plan()->checksum);
    const auto give = [&](ChecksumAlgorithm algorithm, const std::string& text) {
        bench.request.checksum = CompletionRequest::Value{algorithm, text};
        return bench.plan();
    };
    bench.request.type = ChecksumType::full_object;
    CHECK(give(ChecksumAlgorithm::crc32, right).has_value());
    const auto wrong = give(ChecksumAlgorithm::crc32, "AAAAAA==");
    CHECK(code_of(wrong) == "BadDigest");
    CHECK(message_of(wrong) == "The crc32 you specified did not match the calculated checksum.");
    CHECK(code_of(give(ChecksumAlgorithm::crc32c, right)) == "BadDigest");
    CHECK(message_of(give(ChecksumAlgorithm::crc32, "AAAA")) ==
          "Value for x-amz-checksum-crc32 header is invalid.");
    bench.request.type = std::nullopt;
    CHECK(code_of(give(ChecksumAlgorithm::crc32, right)) == "BadDigest");
}

TEST_CASE("Complete: a composite checksum with or without its number of parts (CPL-28b)",
          "[s3][multipart]") {
    auto bench = two_parts(ChecksumAlgorithm::sha1, ChecksumType::composite);
    const auto right = digest_text(*bench.plan()->checksum);
    const auto give = [&](const std::string& text) {
        bench.request.checksum = CompletionRequest::Value{ChecksumAlgorithm::sha1, text};
        return code_of(bench.plan());
    };
    CHECK(give(right).empty());
    CHECK(give(right + "-2").empty());
    CHECK(give(right + "-3") == "BadDigest");
    CHECK(give(right + "-") == "InvalidRequest");
    CHECK(give(right + "-x") == "InvalidRequest");
    CHECK(give("AAAAAAAAAAAAAAAAAAAAAAAAAAA=-2") == "BadDigest");
}

TEST_CASE("Complete: conditions against what was there at initiation (CPL-31 to CPL-35)",
          "[s3][multipart][conditions]") {
    catalog::FoundUpload upload;
    upload.version = 10;
    catalog::FoundObject older;
    older.version = 9;
    older.record.set_etag("e");
    catalog::FoundObject newer = older;
    newer.version = 11;
    WriteConditions none_match;
    none_match.if_none_match = true;
    WriteConditions match;
    match.if_match = "e";
    WriteConditions other;
    other.if_match = "f";
    const auto answer = [&](const WriteConditions& conditions,
                            const catalog::FoundObject* current) {
        return code_of(check_completion_conditions(conditions, upload, current, "key"));
    };
    CHECK(answer({}, &newer).empty());
    CHECK(answer(none_match, &older) == "PreconditionFailed");
    CHECK(answer(none_match, nullptr).empty());
    CHECK(answer(match, nullptr) == "NoSuchKey");
    CHECK(answer(other, &older) == "PreconditionFailed");
    CHECK(answer(other, &newer) == "PreconditionFailed");
    CHECK(answer(match, &older).empty());
    CHECK(answer(match, &newer) == "ConditionalRequestConflict");

    upload.record.set_object_existed(true);
    const auto gone = check_completion_conditions(none_match, upload, nullptr, "key");
    CHECK(code_of(gone) == "ConditionalRequestConflict");
    CHECK(field(gone, "Condition") == "If-None-Match");
    CHECK(field(gone, "Key") == "key");
}

#include "server/s3/completion_rules.h"

#include <algorithm>

#include "server/s3/checksum_headers.h"
#include "server/s3/multipart.h"
#include "server/s3/request_checks.h"
#include "server/s3/stored_checksum.h"
#include "storage/checksum/digest.h"

namespace holdfast::s3 {

namespace {

S3Error conflict(std::string_view condition, std::string_view key) {
    return S3Error(errors::conditional_request_conflict)
        .with("Condition", std::string(condition))
        .with("Key", std::string(key));
}

/// The walk over the list, part by part; each step is a rule.
class Planner {
public:
    Planner(const CompletionRules& rules, const CompletionRequest& request,
            std::string_view upload_id, const records::Upload& upload,
            const std::vector<records::Part>& parts)
        : rules_(rules),
          request_(request),
          upload_id_(upload_id),
          parts_(parts),
          algorithm_(explicit_algorithm(upload)),
          type_(checksum_type(upload)) {}

    Result<catalog::CompletionPlan> plan();

private:
    Result<base::Unit> check_order();
    Result<base::Unit> check_type() const;
    Result<base::Unit> take(const ListedPart& listed, std::size_t position);
    Result<base::Unit> check_checksums(const ListedPart& listed, const records::Part& part) const;
    Result<base::Unit> check_size(const records::Part& part, bool last);
    Result<base::Unit> check_object_size() const;
    Result<base::Unit> check_object_checksum(const records::Checksum& computed) const;
    [[nodiscard]] records::Checksum object_checksum() const;
    [[nodiscard]] model::Checksum combined(model::ChecksumAlgorithm algorithm) const;
    [[nodiscard]] std::string etag() const;

    [[nodiscard]] S3Error invalid_part(const ListedPart& listed) const {
        return S3Error(errors::invalid_part)
            .with("UploadId", std::string(upload_id_))
            .with("PartNumber", std::to_string(listed.number))
            .with("ETag", listed.etag);
    }
    [[nodiscard]] S3Error invalid_order() const {
        return S3Error(errors::invalid_part_order).with("UploadId", std::string(upload_id_));
    }

    const CompletionRules& rules_;
    const CompletionRequest& request_;
    std::string_view upload_id_;
    const std::vector<records::Part>& parts_;
    std::optional<model::ChecksumAlgorithm> algorithm_;
    model::ChecksumType type_;
    std::vector<const ListedPart*> listed_;  ///< without dropped duplicates
    std::vector<std::size_t> chosen_;
    std::uint64_t bytes_ = 0;
};

/// CPL-10, CPL-11.
Result<base::Unit> Planner::check_order() {
    for (const auto& part : request_.parts)
        if (part.number < 1)
            return invalid_argument("PartNumber", std::to_string(part.number),
                                    "PartNumber must be >= 1");
    for (const auto& part : request_.parts) {
        if (listed_.empty() || listed_.back()->number < part.number) {
            listed_.push_back(&part);
        } else if (listed_.back()->number == part.number && rules_.duplicates_last_wins) {
            listed_.back() = &part;
        } else {
            return invalid_order();
        }
    }
    return base::Unit{};
}

/// CPL-12.
Result<base::Unit> Planner::check_type() const {
    if (!request_.type || (algorithm_ && *request_.type == type_)) return base::Unit{};
    std::string message = "The upload was created using the ";
    message.append(algorithm_ ? model::name(type_) : "null");
    message.append(" checksum mode. The complete request must use the same checksum mode.");
    return invalid_request(std::move(message));
}

Result<base::Unit> Planner::take(const ListedPart& listed, std::size_t position) {
    const auto found = std::lower_bound(
        parts_.begin(), parts_.end(), listed.number,
        [](const records::Part& part, std::int64_t number) { return part.number() < number; });
    if (found == parts_.end() || found->number() != listed.number ||
        base::to_hex(base::as_bytes(found->md5())) != to_lower(listed.etag))
        return invalid_part(listed);
    if (auto sums = check_checksums(listed, *found); !sums) return sums;
    if (algorithm_ && listed.number != static_cast<std::int64_t>(position) + 1)
        return invalid_order();  // CPL-24
    chosen_.push_back(static_cast<std::size_t>(found - parts_.begin()));
    return check_size(*found, position + 1 == listed_.size());
}

/// CPL-21 to CPL-23b.
Result<base::Unit> Planner::check_checksums(const ListedPart& listed,
                                            const records::Part& part) const {
    const auto& sums = listed.checksums;
    const bool malformed =
        sums.size() > 1 ||
        (sums.size() == 1 && !model::parse_checksum(sums[0].first, sums[0].second));
    if (malformed) {
        std::string shown = sums[0].second;
        if (sums.size() > 1) {
            shown.clear();
            for (const auto& [algorithm, text] : sums)
                shown.append(model::name(algorithm)).append(":").append(text).append(";");
        }
        return invalid_argument("Checksum", shown,
                                "Invalid Base64 or multiple checksums present in request");
    }
    if (!algorithm_) {
        if (!sums.empty()) return invalid_part(listed);  // CPL-22
        return base::Unit{};
    }
    if (sums.empty()) {
        if (type_ == model::ChecksumType::full_object) return base::Unit{};
        std::string message = "The upload was created using a ";
        message.append(model::lower_name(*algorithm_))
            .append(
                " checksum. The complete request must include the checksum for each part. It "
                "was missing for part ")
            .append(std::to_string(listed.number))
            .append(" in the request.");
        return invalid_request(std::move(message));
    }
    if (sums[0].first != *algorithm_) {
        std::string message = "The ";
        message.append(model::lower_name(*algorithm_)).append(" you specified for part ");
        message.append(std::to_string(listed.number)).append(" did not match what we received.");
        return S3Error(errors::bad_digest, std::move(message));
    }
    if (sums[0].second != digest_text(part.checksum())) return invalid_part(listed);
    return base::Unit{};
}

/// CPL-25, CPL-26.
Result<base::Unit> Planner::check_size(const records::Part& part, bool last) {
    const auto size = part.body().plain_bytes();
    if (!last && size < rules_.part_bytes_min)
        return S3Error(errors::entity_too_small)
            .with("ProposedSize", std::to_string(size))
            .with("MinSizeAllowed", std::to_string(rules_.part_bytes_min))
            .with("PartNumber", std::to_string(part.number()))
            .with("ETag", base::to_hex(base::as_bytes(part.md5())));
    bytes_ += size;
    if (bytes_ <= rules_.object_bytes_max) return base::Unit{};
    return S3Error(errors::entity_too_large)
        .with("ProposedSize", std::to_string(bytes_))
        .with("MaxSizeAllowed", std::to_string(rules_.object_bytes_max));
}

/// CPL-27.
Result<base::Unit> Planner::check_object_size() const {
    if (!request_.object_bytes || *request_.object_bytes == bytes_) return base::Unit{};
    return invalid_request("The provided 'x-amz-mp-object-size' header value " +
                           std::to_string(*request_.object_bytes) +
                           " does not match what was computed: " + std::to_string(bytes_));
}

/// CPL-28 to CPL-28b.
Result<base::Unit> Planner::check_object_checksum(const records::Checksum& computed) const {
    if (!request_.checksum || !algorithm_) return base::Unit{};
    const auto& given = *request_.checksum;
    std::string message = "The ";
    message.append(model::lower_name(*algorithm_))
        .append(" you specified did not match the calculated checksum.");
    const S3Error mismatch(errors::bad_digest, std::move(message));
    std::string_view text = given.text;
    const auto dash = type_ == model::ChecksumType::composite ? text.rfind('-') : text.npos;
    const auto count = dash == text.npos ? std::nullopt : parse_decimal(text.substr(dash + 1));
    if (count) text = text.substr(0, dash);
    auto value = parse_checksum_value(given.algorithm, text, "header");
    if (!value) return std::move(value).error();
    const bool right = given.algorithm == *algorithm_ && value->text() == digest_text(computed) &&
                       (!count || *count == computed.parts());
    const bool type_said = type_ == model::ChecksumType::composite ||
                           request_.type == model::ChecksumType::full_object;
    if (right && type_said) return base::Unit{};
    return mismatch;
}

/// CK-11: of all bytes, from the parts' own.
model::Checksum Planner::combined(model::ChecksumAlgorithm algorithm) const {
    base::Bytes crc;
    for (const auto index : chosen_) {
        const auto& part = parts_[index];
        const auto& digest = algorithm_ ? part.checksum().digest() : part.crc64nvme();
        const auto bytes = base::as_bytes(digest);
        if (crc.empty()) {
            crc.assign(bytes.begin(), bytes.end());
        } else {
            crc = storage::checksum::combine_crc(algorithm, crc, bytes, part.body().plain_bytes());
        }
    }
    return {algorithm, std::move(crc)};
}

records::Checksum Planner::object_checksum() const {
    const auto algorithm = algorithm_.value_or(model::ChecksumAlgorithm::crc64nvme);
    if (type_ == model::ChecksumType::full_object) return to_record(combined(algorithm), type_);
    std::vector<base::Bytes> digests;
    for (const auto index : chosen_) {
        const auto bytes = base::as_bytes(parts_[index].checksum().digest());
        digests.emplace_back(bytes.begin(), bytes.end());
    }
    const model::Checksum composite{algorithm, storage::checksum::composite(algorithm, digests)};
    return to_record(composite, type_, static_cast<std::uint32_t>(chosen_.size()));
}

/// CPL-43.
std::string Planner::etag() const {
    base::Bytes digests;
    for (const auto index : chosen_) {
        const auto md5 = base::as_bytes(parts_[index].md5());
        digests.insert(digests.end(), md5.begin(), md5.end());
    }
    return base::to_hex(storage::checksum::md5(digests)) + "-" + std::to_string(chosen_.size());
}

Result<catalog::CompletionPlan> Planner::plan() {
    if (auto order = check_order(); !order) return std::move(order).error();
    if (auto type = check_type(); !type) return std::move(type).error();
    for (std::size_t position = 0; position < listed_.size(); ++position)
        if (auto taken = take(*listed_[position], position); !taken)
            return std::move(taken).error();
    if (auto size = check_object_size(); !size) return std::move(size).error();
    auto checksum = object_checksum();
    if (auto whole = check_object_checksum(checksum); !whole) return std::move(whole).error();
    catalog::CompletionPlan plan;
    plan.etag = etag();
    plan.chosen = std::move(chosen_);
    plan.part_checksums = type_ == model::ChecksumType::composite;
    plan.checksum = std::move(checksum);
    return plan;
}

}  // namespace

Result<base::Unit> check_completion_conditions(const WriteConditions& conditions,
                                               const catalog::FoundUpload& upload,
                                               const catalog::FoundObject* current,
                                               std::string_view key) {
    if (auto passed = check(conditions, current, key); !passed) return passed;
    if (conditions.if_none_match && upload.record.object_existed())
        return conflict("If-None-Match", key);
    if (conditions.if_match && current->version > upload.version) return conflict("If-Match", key);
    return base::Unit{};
}

Result<catalog::CompletionPlan> plan_completion(const CompletionRules& rules,
                                                const CompletionRequest& request,
                                                std::string_view upload_id,
                                                const records::Upload& upload,
                                                const std::vector<records::Part>& parts) {
    return Planner(rules, request, upload_id, upload, parts).plan();
}

}  // namespace holdfast::s3

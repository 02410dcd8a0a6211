#include "server/s3/payload.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/limits.h"
#include "server/s3/request_checks.h"

namespace holdfast::s3 {

namespace {

using model::ChecksumAlgorithm;

bool is_chunked(auth::PayloadMode mode) {
    return mode != auth::PayloadMode::single_hash && mode != auth::PayloadMode::unsigned_payload;
}

bool carries_trailer(auth::PayloadMode mode) {
    return mode == auth::PayloadMode::signed_chunks_trailer ||
           mode == auth::PayloadMode::unsigned_chunks_trailer;
}

S3Error too_large(std::uint64_t size, std::uint64_t bytes_max) {
    return S3Error(errors::entity_too_large)
        .with("ProposedSize", std::to_string(size))
        .with("MaxSizeAllowed", std::to_string(bytes_max));
}

S3Error message_too_long(std::uint64_t bytes_max) {
    return S3Error(errors::max_message_length_exceeded)
        .with("MaxMessageLengthBytes", std::to_string(bytes_max));
}

base::Awaitable<Result<std::string>> read_whole(Context& context, std::uint64_t bytes_max,
                                                PromisedDigests digests) {
    PayloadOptions options;
    options.bytes_max = bytes_max;
    options.length_required = false;
    const auto refusal = [bytes_max](S3Error error) {
        return error.spec == &errors::entity_too_large ? message_too_long(bytes_max)
                                                       : std::move(error);
    };
    auto payload = Payload::begin(context, std::move(digests), options);
    if (!payload) co_return refusal(std::move(payload).error());
    std::string document;
    for (;;) {
        auto bytes = co_await payload->next();
        if (!bytes) co_return refusal(std::move(bytes).error());
        if (bytes->empty()) co_return document;
        document.append(base::as_text(*bytes));
    }
}

}  // namespace

Payload::Payload(Context& context, PromisedDigests promised, PayloadOptions options)
    : context_(&context), promised_(std::move(promised)), options_(options) {}

Result<Payload> Payload::begin(Context& context, PromisedDigests promised, PayloadOptions options) {
    // K-13: a checksum is announced that cannot come; dropping it would check nothing.
    if (promised.in_trailer && !carries_trailer(context.verified.payload))
        return S3Error(errors::malformed_trailer);
    Payload payload(context, std::move(promised), options);
    auto lengths = payload.read_lengths();
    if (!lengths) return std::move(lengths).error();
    payload.start_digests();
    return payload;
}

Result<base::Unit> Payload::read_lengths() {
    const auto& head = context_->request.head();
    const auto& verified = context_->verified;
    if (is_chunked(verified.payload)) {
        length_ =
            parse_decimal(context_->request.header("x-amz-decoded-content-length").value_or(""));
        if (!length_) return S3Error(errors::missing_content_length);  // K-01
    } else {
        length_ = head.content_length;
        if (!length_ && !head.chunked && options_.length_required)
            return S3Error(errors::missing_content_length);
        if (!length_ && !head.chunked) length_ = 0;
    }
    if (length_ && *length_ > options_.bytes_max) return too_large(*length_, options_.bytes_max);
    if (is_chunked(verified.payload)) {
        auth::ChunkedOptions chunked;
        chunked.mode = verified.payload;
        chunked.signing = verified.chunks;
        chunked.decoded_bytes = *length_;
        if (promised_.in_trailer)
            chunked.announced_trailer = model::header_name(*promised_.in_trailer);
        chunked_.emplace(std::move(chunked));
    }
    return base::Unit{};
}

void Payload::start_digests() {
    using storage::checksum::make_digest;
    if (options_.md5 || promised_.content_md5) md5_.emplace(context_->services.md5);
    const auto client = promised_.algorithm();
    if (context_->verified.payload == auth::PayloadMode::single_hash)
        sha256_ = make_digest(ChecksumAlgorithm::sha256);
    // MD5 and SHA-256 are computed once, whoever asks for them.
    if (client == ChecksumAlgorithm::md5 && !md5_) md5_.emplace(context_->services.md5);
    if (client && *client != ChecksumAlgorithm::md5 &&
        !(*client == ChecksumAlgorithm::sha256 && sha256_))
        client_checksum_ = make_digest(*client);
    if (options_.checksum && options_.checksum != client)
        own_checksum_ = make_digest(*options_.checksum);
    const auto expected = length_.value_or(base::body_buffer_bytes);
    // A little more than the payload, so that chunk framing of a small body fits one read.
    buffer_ = std::make_shared<base::Bytes>(
        std::clamp<std::uint64_t>(expected + 512, 1024, base::body_buffer_bytes));
}

void Payload::update(base::ByteView bytes) {
    if (received_ == 0 && !bytes.empty()) static_cast<void>(HF_FAILPOINT("body.first"));
    if (received_ > 0 && !bytes.empty()) static_cast<void>(HF_FAILPOINT("body.mid"));
    received_ += bytes.size();
    context_->bytes_received += bytes.size();
    if (md5_) md5_->update(bytes, buffer_);
    for (auto* digest : {sha256_.get(), client_checksum_.get(), own_checksum_.get()})
        if (digest != nullptr) digest->update(bytes);
}

S3Error Payload::connection_error(const http::ConnectionError& error) const {
    switch (error.kind) {
        case http::ConnectionError::Kind::timeout: {
            S3Error timeout(errors::request_timeout);
            timeout.close = true;
            return timeout;
        }
        case http::ConnectionError::Kind::closed:
        case http::ConnectionError::Kind::malformed:
            break;
    }
    S3Error incomplete(errors::incomplete_body);
    if (length_) {
        incomplete.fields.emplace_back("NumberBytesExpected", std::to_string(*length_));
        incomplete.fields.emplace_back("NumberBytesProvided", std::to_string(received_));
    }
    incomplete.close = true;
    return incomplete;
}

base::Awaitable<Result<base::ByteView>> Payload::next() {
    while (!ended_) {
        // Fill the buffer before working on it: fewer, larger steps through digests and frames.
        if (md5_ && !md5_->settled()) co_await md5_->settle();
        const auto buffer = base::ByteSpan(*buffer_);
        std::size_t filled = 0;
        bool end = false;
        while (filled < buffer.size() && !end) {
            auto read = co_await context_->exchange.read_body(buffer.subspan(filled));
            if (!read) co_return connection_error(read.error());
            end = *read == 0;
            filled += *read;
            if (length_ && !chunked_ && received_ + filled >= *length_) break;
        }
        ended_ = end;
        auto bytes = buffer.first(filled);
        if (chunked_ && filled > 0) {
            auto decoded = chunked_->decode(bytes);
            if (!decoded) co_return from_auth(decoded.error());
            bytes = bytes.first(*decoded);
        }
        update(bytes);
        if (received_ > options_.bytes_max) co_return too_large(received_, options_.bytes_max);
        if (!bytes.empty()) co_return base::ByteView(bytes);
    }
    static_cast<void>(HF_FAILPOINT("body.last"));
    if (md5_ && !md5_->settled()) co_await md5_->settle();
    auto verified = verify();
    if (!verified) co_return std::move(verified).error();
    static_cast<void>(HF_FAILPOINT("checksum.verify"));
    co_return base::ByteView{};
}

Result<base::Unit> Payload::verify() {
    auto length = verify_length();
    if (!length) return length;
    if (chunked_) {
        auto trailer = chunked_->finish();
        if (!trailer) return from_auth(trailer.error());
        if (promised_.in_trailer) {
            auto value =
                parse_checksum_value(*promised_.in_trailer, trailer->value, "trailing header");
            if (!value) return std::move(value).error();
            promised_.checksum = std::move(*value);
        }
    }
    auto md5 = verify_md5();
    if (!md5) return md5;
    auto checksum = verify_checksum();
    if (!checksum) return checksum;
    return base::Unit{};
}

Result<base::Unit> Payload::verify_length() const {
    if (!length_ || received_ == *length_) return base::Unit{};
    return S3Error(errors::incomplete_body)
        .with("NumberBytesExpected", std::to_string(*length_))
        .with("NumberBytesProvided", std::to_string(received_));
}

Result<base::Unit> Payload::verify_md5() {
    if (!md5_) return base::Unit{};
    md5_result_ = md5_->finish();
    if (!promised_.content_md5 || *promised_.content_md5 == md5_result_) return base::Unit{};
    return S3Error(errors::bad_digest)
        .with("ExpectedDigest", base::to_hex(*promised_.content_md5))
        .with("CalculatedDigest", base::to_hex(md5_result_));
}

Result<base::Unit> Payload::verify_sha256() {
    const auto& claimed = context_->verified.payload_sha256;
    const auto digest = sha256_->finish();
    const auto hex = base::to_hex(digest);
    if (promised_.algorithm() == ChecksumAlgorithm::sha256)
        computed_ = model::Checksum{ChecksumAlgorithm::sha256, digest};
    if (hex == claimed) return base::Unit{};
    return S3Error(errors::xamz_content_sha256_mismatch)
        .with("ClientComputedContentSHA256", claimed)
        .with("S3ComputedContentSHA256", hex);
}

Result<base::Unit> Payload::verify_checksum() {
    std::optional<model::Checksum> of_client;
    if (sha256_) {
        auto hash = verify_sha256();
        if (!hash) return hash;
        of_client = std::exchange(computed_, std::nullopt);
    }
    if (client_checksum_)
        of_client = model::Checksum{*promised_.algorithm(), client_checksum_->finish()};
    if (promised_.algorithm() == ChecksumAlgorithm::md5)
        of_client = model::Checksum{ChecksumAlgorithm::md5, md5_result_};
    if (promised_.checksum && !(*promised_.checksum == *of_client))
        return checksum_mismatch(promised_.checksum->algorithm);
    if (promised_.checksum) verified_ = std::move(of_client);
    if (own_checksum_)
        computed_ = model::Checksum{*options_.checksum, own_checksum_->finish()};
    else if (options_.checksum)
        computed_ = verified_;
    return base::Unit{};
}

base::Awaitable<Result<std::string>> read_document(Context& context, std::uint64_t bytes_max,
                                                   Integrity integrity) {
    PromisedDigests digests;
    if (integrity == Integrity::content_md5_only) {
        auto md5 = parse_content_md5(context.request);
        if (!md5) co_return std::move(md5).error();
        digests.content_md5 = std::move(*md5);
    } else {
        auto promised = parse_promised_digests(context.request);
        if (!promised) co_return std::move(promised).error();
        digests = std::move(*promised);
    }
    if (integrity == Integrity::required && !digests.content_md5 && !digests.algorithm())
        co_return invalid_request(
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    co_return co_await read_whole(context, bytes_max, std::move(digests));
}

}  // namespace holdfast::s3

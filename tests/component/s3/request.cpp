#include "tests/component/s3/request.h"

#include <algorithm>
#include <cctype>

#include "base/assert.h"
#include "model/checksum.h"
#include "model/timestamp.h"
#include "model/uri.h"
#include "storage/checksum/digest.h"

namespace holdfast::test {

namespace {

using auth::PayloadMode;

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::string_view literal_of(PayloadMode mode) {
    switch (mode) {
        case PayloadMode::single_hash:
            break;
        case PayloadMode::unsigned_payload:
            return "UNSIGNED-PAYLOAD";
        case PayloadMode::signed_chunks:
            return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
        case PayloadMode::signed_chunks_trailer:
            return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
        case PayloadMode::unsigned_chunks_trailer:
            return "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    }
    return "";
}

std::string hex_size(std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    do {
        text.insert(text.begin(), digits[size % 16]);
        size /= 16;
    } while (size > 0);
    return text;
}

/// Another signature of the right form.
std::string spoiled(std::string signature) {
    signature.back() = signature.back() == '0' ? '1' : '0';
    return signature;
}

/// XML's own escapes; the rest of a text stands for itself.
std::string unescaped(std::string text) {
    const std::pair<std::string_view, char> escapes[] = {
        {"&quot;", '"'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&#13;", '\r'}, {"&amp;", '&'}};
    for (const auto& [escape, plain] : escapes)
        for (auto at = text.find(escape); at != std::string::npos; at = text.find(escape, at + 1))
            text.replace(at, escape.size(), 1, plain);
    return text;
}

}  // namespace

std::string hex_md5(std::string_view text) {
    return base::to_hex(storage::checksum::md5(base::as_bytes(text)));
}

std::string base64_md5(std::string_view text) {
    return base::to_base64(storage::checksum::md5(base::as_bytes(text)));
}

std::string hex_sha256(std::string_view text) {
    return base::to_hex(storage::checksum::sha256(base::as_bytes(text)));
}

std::string checksum_of(std::string_view algorithm, std::string_view text) {
    const auto known = model::parse_checksum_algorithm(algorithm);
    HF_ASSERT(known);
    return base::to_base64(storage::checksum::digest(*known, base::as_bytes(text)));
}

/// What signs the request, and what its chunks go on from.
struct Request::Signature {
    std::string timestamp;
    std::string scope;
    std::array<std::uint8_t, 32> key{};
    std::string seed;
};

Request::Request(std::string method, std::string target)
    : method_(std::move(method)), target_(std::move(target)) {
    headers_.emplace_back("host", "127.0.0.1:9000");
}

Request& Request::header(std::string name, std::string value) {
    const auto lowered = lower(name);
    if (lowered == "host") std::erase_if(headers_, [](const auto& h) { return h.first == "host"; });
    headers_.emplace_back(lowered, std::move(value));
    return *this;
}
Request& Request::body(std::string bytes) {
    body_ = std::move(bytes);
    return *this;
}
Request& Request::signing(Signing how) {
    signing_ = how;
    return *this;
}
Request& Request::payload(PayloadMode mode) {
    payload_ = mode;
    return *this;
}
Request& Request::fault(Fault what) {
    fault_ = what;
    return *this;
}
Request& Request::trailer(std::string name, std::string value) {
    header("x-amz-trailer", name);
    return sent_trailer(std::move(name), std::move(value));
}
Request& Request::sent_trailer(std::string name, std::string value) {
    trailer_.emplace(std::move(name), std::move(value));
    return *this;
}
Request& Request::chunk_bytes(std::size_t size) {
    chunk_bytes_ = size;
    return *this;
}
Request& Request::cut_after(std::size_t bytes) {
    cut_ = bytes;
    return *this;
}
Request& Request::stall_after(std::size_t bytes) {
    stalls_ = true;
    return cut_after(bytes);
}
Request& Request::pieces_of(std::size_t bytes) {
    piece_bytes_ = bytes;
    return *this;
}
Request& Request::without_length() {
    without_length_ = true;
    return *this;
}
Request& Request::expires_after(std::string seconds) {
    expires_ = std::move(seconds);
    return *this;
}

Request& Request::decoded_length(std::string text) {
    decoded_length_ = std::move(text);
    return *this;
}

bool Request::chunked() const {
    return payload_ != PayloadMode::single_hash && payload_ != PayloadMode::unsigned_payload;
}

std::string Request::payload_hash() const {
    if (payload_ != PayloadMode::single_hash) return std::string(literal_of(payload_));
    return hex_sha256(fault_ == Fault::bad_hash ? body_ + "?" : body_);
}

std::string Request::signed_with(const http::RequestHead& head, const Signature& signature,
                                 bool presigned) const {
    const auto mark = head.target.find('?');
    const std::string_view target = head.target;
    auth::SignedRequest request;
    request.method = head.method;
    request.raw_path = target.substr(0, mark);
    if (mark != std::string::npos) request.raw_query = target.substr(mark + 1);
    request.headers = &head.headers;
    // A target that cannot be decoded cannot be signed, and is refused before anybody looks.
    if (!model::percent_decode(target)) return std::string(64, '0');
    std::vector<std::string> names;
    for (const auto& [name, value] : head.headers)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    const auto canonical = auth::canonical_request(request, names, payload_hash(), presigned);
    auto made = auth::sign(signature.key,
                           auth::string_to_sign(signature.timestamp, signature.scope, canonical));
    return fault_ == Fault::bad_signature ? spoiled(std::move(made)) : made;
}

namespace {

std::string signed_names(const http::RequestHead& head) {
    std::vector<std::string> names;
    for (const auto& [name, value] : head.headers) names.push_back(name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::string text;
    for (const auto& name : names) text.append(text.empty() ? "" : ";").append(name);
    return text;
}

}  // namespace

void Request::sign_by_header(http::RequestHead& head, Signature& signature) const {
    head.headers.emplace_back("x-amz-date", signature.timestamp);
    head.headers.emplace_back("x-amz-content-sha256", payload_hash());
    signature.seed = signed_with(head, signature, false);
    const std::string id(fault_ == Fault::unknown_key ? "AKIANOBODYKNOWSTHIS0" : access_key_id);
    head.headers.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=" + id + "/" +
                                                   signature.scope +
                                                   ",SignedHeaders=" + signed_names(head) +
                                                   ",Signature=" + signature.seed);
}

void Request::sign_by_query(http::RequestHead& head, Signature& signature) const {
    if (chunked()) head.headers.emplace_back("x-amz-content-sha256", payload_hash());
    const std::string id(fault_ == Fault::unknown_key ? "AKIANOBODYKNOWSTHIS0" : access_key_id);
    auto& target = head.target;
    target += target.find('?') == std::string::npos ? '?' : '&';
    target += "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" +
              model::percent_encode(id + "/" + signature.scope) +
              "&X-Amz-Date=" + signature.timestamp + "&X-Amz-Expires=" + expires_ +
              "&X-Amz-SignedHeaders=" + model::percent_encode(signed_names(head));
    if (payload_ == PayloadMode::single_hash) target += "&X-Amz-Content-Sha256=" + payload_hash();
    signature.seed = signed_with(head, signature, true);
    target += "&X-Amz-Signature=" + signature.seed;
}

/// aws-chunked (auth 1.7).
std::string Request::framed(const Signature& signature) const {
    const bool is_signed = payload_ != PayloadMode::unsigned_chunks_trailer;
    std::string previous = signature.seed;
    const auto sign = [&](std::string_view kind, std::string_view middle, std::string_view data) {
        std::string text(kind);
        text.append("\n").append(signature.timestamp).append("\n").append(signature.scope);
        text.append("\n").append(previous).append("\n").append(middle).append(hex_sha256(data));
        previous = auth::sign(signature.key, text);
        return previous;
    };
    const std::string of_nothing = hex_sha256("") + "\n";
    std::string text;
    for (std::size_t at = 0; at <= body_.size();) {
        const auto data = std::string_view(body_).substr(at, chunk_bytes_);
        text += fault_ == Fault::bad_framing ? "zz" : hex_size(data.size());
        if (is_signed) {
            auto made = sign("AWS4-HMAC-SHA256-PAYLOAD", of_nothing, data);
            if (fault_ == Fault::bad_chunk_signature && data.empty()) made = spoiled(made);
            text += ";chunk-signature=" + made;
        }
        text += "\r\n";
        if (data.empty()) break;
        text.append(data).append("\r\n");
        at += data.size();
    }
    if (trailer_) text += trailer_->first + ":" + trailer_->second + "\r\n";
    if (trailer_ && payload_ == PayloadMode::signed_chunks_trailer) {
        auto made = sign("AWS4-HMAC-SHA256-TRAILER", "",
                         lower(trailer_->first) + ":" + trailer_->second + "\n");
        if (fault_ == Fault::bad_trailer_signature) made = spoiled(made);
        text += "x-amz-trailer-signature:" + made + "\r\n";
    }
    return text + "\r\n";
}

Wire Request::wire(base::WallTime now) const {
    Signature signature;
    signature.timestamp = model::to_basic_date(now);
    const auto date = signature.timestamp.substr(0, 8);
    signature.scope = date + "/us-east-1/s3/aws4_request";
    signature.key =
        auth::signing_key(base::Secret(std::string(secret_key)), date, "us-east-1", "s3");

    Wire wire;
    wire.head.method = method_;
    wire.head.target = target_;
    wire.head.headers = headers_;
    if (chunked())
        wire.head.headers.emplace_back("x-amz-decoded-content-length",
                                       decoded_length_.value_or(std::to_string(body_.size())));
    switch (signing_) {
        case Signing::header:
            sign_by_header(wire.head, signature);
            break;
        case Signing::presigned:
            sign_by_query(wire.head, signature);
            break;
        case Signing::anonymous:
            wire.head.headers.emplace_back("x-amz-content-sha256", payload_hash());
            signature.seed = hex_sha256("");
            break;
    }
    wire.body = chunked() ? framed(signature) : body_;
    if (without_length_)
        wire.head.chunked = true;
    else if (!wire.body.empty() || method_ == "PUT" || method_ == "POST")
        wire.head.content_length = wire.body.size();
    return wire;
}

std::string Answer::header(std::string_view name) const {
    for (const auto& [known, value] : headers)
        if (lower(known) == lower(name)) return value;
    return "";
}

bool Answer::has(std::string_view name) const {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const auto& h) { return lower(h.first) == lower(name); });
}

std::vector<std::string> Answer::elements(std::string_view name) const {
    const std::string open = "<" + std::string(name);
    const std::string close = "</" + std::string(name) + ">";
    std::vector<std::string> texts;
    for (auto at = body.find(open); at != std::string::npos; at = body.find(open, at + 1)) {
        const auto after = at + open.size();
        if (body.compare(after, 2, "/>") == 0) texts.emplace_back();
        if (body.at(after) != '>' && body.at(after) != ' ') continue;
        const auto begin = body.find('>', after) + 1;
        texts.push_back(unescaped(body.substr(begin, body.find(close, begin) - begin)));
    }
    return texts;
}

std::string Answer::element(std::string_view name) const {
    const auto all = elements(name);
    return all.empty() ? "" : all.front();
}

bool Answer::has_element(std::string_view name) const {
    return !elements(name).empty();
}

std::string Answer::outcome() const {
    auto text = std::to_string(status);
    if (body.find("<Error>") != std::string::npos) text += " " + element("Code");
    return text;
}

}  // namespace holdfast::test

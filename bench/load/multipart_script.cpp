#include <fmt/format.h>

#include <optional>

#include "bench/load/script.h"

namespace holdfast::bench {

namespace {

constexpr std::size_t answer_bytes_max = 64 * 1024;

std::string element(std::string_view xml, std::string_view name) {
    const auto open = fmt::format("<{}>", name);
    const auto begin = xml.find(open);
    if (begin == std::string_view::npos) return {};
    const auto end = xml.find("</", begin);
    if (end == std::string_view::npos) return {};
    return std::string(xml.substr(begin + open.size(), end - begin - open.size()));
}

std::string encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || std::string_view("-._~").find(c) < 4;
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

class MultipartScript final : public Script {
public:
    MultipartScript(const MultipartLoad& load, Shared& shared)
        : load_(load),
          shared_(shared),
          create_headers_{{{"x-amz-checksum-algorithm", load.checksum_algorithm},
                           {"x-amz-checksum-type", "FULL_OBJECT"}}} {}

    bool next(Request& request, bool stopping) override {
        if (upload_id_.empty() || failed_ || stopping) {
            if (!upload_id_.empty()) return abort(request);
            if (stopping || !shared_.take_one()) return false;
            return create(request);
        }
        start(request,
              etags_.size() < parts() ? Operation::upload_part : Operation::complete_upload);
        if (request.operation == Operation::upload_part)
            fill_part(request);
        else
            fill_complete(request);
        return true;
    }

    void answered(const Answer& answer) override {
        failed_ = !answer.ok;
        switch (sent_) {
            case Operation::create_upload:
                if (answer.ok) upload_id_ = encoded(element(answer.body, "UploadId"));
                break;
            case Operation::upload_part:
                if (answer.ok) etags_.emplace_back(answer.etag);
                break;
            case Operation::complete_upload:
                if (answer.ok) upload_id_.clear();
                break;
            default:  // an abort ends the upload whatever it answers
                upload_id_.clear();
        }
    }

private:
    [[nodiscard]] std::size_t parts() const {
        return load_.full_parts + (load_.last_part != nullptr ? 1 : 0);
    }

    void start(Request& request, Operation operation) {
        sent_ = operation;
        request = Request{};
        request.operation = operation;
        request.path.append(1, '/').append(load_.keys.bucket).append(1, '/');
        load_.keys.append_key(key_, request.path);
    }

    bool create(Request& request) {
        key_ = shared_.ticket.fetch_add(1, std::memory_order_relaxed) % load_.keys.objects;
        etags_.clear();
        failed_ = false;
        start(request, Operation::create_upload);
        request.method = "POST";
        request.query = "uploads=";
        request.capture_bytes_max = answer_bytes_max;
        if (!load_.checksum_algorithm.empty()) request.more_headers = create_headers_;
        return true;
    }

    void fill_part(Request& request) {
        request.method = "PUT";
        request.query = fmt::format("partNumber={}&uploadId={}", etags_.size() + 1, upload_id_);
        request.body = etags_.size() < load_.full_parts ? load_.part : load_.last_part;
    }

    void fill_complete(Request& request) {
        std::string xml = "<CompleteMultipartUpload>";
        for (std::size_t i = 0; i < etags_.size(); ++i)
            xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1,
                               etags_[i]);
        complete_body_.emplace(xml + "</CompleteMultipartUpload>");
        request.method = "POST";
        request.query = "uploadId=" + upload_id_;
        request.body = &*complete_body_;
        request.capture_bytes_max = answer_bytes_max;
    }

    bool abort(Request& request) {
        start(request, Operation::other);
        request.method = "DELETE";
        request.query = "uploadId=" + upload_id_;
        return true;
    }

    const MultipartLoad& load_;
    Shared& shared_;
    std::array<Header, 2> create_headers_;
    Operation sent_ = Operation::other;
    bool failed_ = false;
    std::uint64_t key_ = 0;
    std::string upload_id_;  ///< encoded for a query; empty: none is open
    std::vector<std::string> etags_;
    std::optional<Body> complete_body_;
};

}  // namespace

std::unique_ptr<Script> make_multipart_script(const MultipartLoad& load, Shared& shared) {
    return std::make_unique<MultipartScript>(load, shared);
}

}  // namespace holdfast::bench

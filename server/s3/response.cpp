#include "server/s3/response.h"

namespace holdfast::s3 {

RequestIds make_request_ids(base::Random& random) {
    std::array<std::uint8_t, 40> bytes{};
    random.fill(bytes);
    RequestIds ids;
    ids.request_id = base::to_hex(base::ByteView(bytes).first(8));
    for (auto& c : ids.request_id)
        if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    ids.host_id = base::to_base64(base::ByteView(bytes).subspan(8));
    return ids;
}

http::ResponseHead response_head(unsigned status, http::Headers headers, const RequestIds& ids) {
    http::ResponseHead head;
    head.status = status;
    head.headers.reserve(headers.size() + 2);
    head.headers.emplace_back("x-amz-request-id", ids.request_id);
    head.headers.emplace_back("x-amz-id-2", ids.host_id);
    for (auto& header : headers) head.headers.push_back(std::move(header));
    return head;
}

ErrorAnswer error_answer(const S3Error& error, bool with_document, std::string_view resource,
                         const RequestIds& ids) {
    ErrorAnswer answer;
    http::Headers headers = error.headers;
    if (with_document) {
        headers.emplace_back("Content-Type", "application/xml");
        headers.emplace_back("X-Content-Type-Options", "nosniff");
        answer.body = error_document(error, resource, ids.request_id, ids.host_id);
    }
    answer.head = response_head(error.spec->status, std::move(headers), ids);
    answer.head.close = error.close;
    return answer;
}

Response xml_response(std::string document) {
    Response response;
    response.set("Content-Type", "application/xml");
    response.body = std::move(document);
    return response;
}

}  // namespace holdfast::s3

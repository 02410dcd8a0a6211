// XML bodies: no document with a DTD or of unbounded depth is read, and what was read can be
// written and read again.
#include <cstdlib>

#include "model/names.h"
#include "server/s3/completion_request.h"
#include "server/s3/delete_conditions.h"
#include "server/s3/xml_reader.h"
#include "server/s3/xml_writer.h"

using namespace holdfast;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

int depth_of(pugi::xml_node node) {
    int depth = 0;
    for (const auto child : node.children())
        if (child.type() == pugi::node_element) depth = std::max(depth, depth_of(child));
    return depth + 1;
}

/// A text survives being written and read.
void check_round_trip(const std::string& text) {
    require(model::is_utf8(text));
    s3::XmlWriter xml;
    xml.open_root("Root");
    xml.element("Key", text);
    xml.close();
    const auto again = s3::XmlDocument::parse(std::move(xml).finish(), "Root");
    require(again.has_value());
    require(s3::child_text(again->root(), "Key") == text);
}

void check_document(std::string_view text, std::string_view root) {
    const auto document = s3::XmlDocument::parse(text, root);
    if (!document) return;
    require(depth_of(document->root()) <= 16);
    for (const auto child : document->root().children()) {
        check_round_trip(s3::node_text(child));
        (void)s3::DeleteConditions::parse(child);
    }
}

void check_completion(const std::string& text) {
    http::RequestHead head;
    head.method = "POST";
    head.target = "/bucket/key?uploadId=u";
    const auto request = s3::Request::parse(head, {});
    const auto completion = s3::CompletionRequest::parse(*request, text);
    if (!completion) return;
    require(!completion->parts.empty() && completion->parts.size() <= 10'000);
    require(completion->part_list_digest().size() == 32);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = base::as_text(base::ByteView(data, size));
    check_document(text, "Delete");
    check_document(text, "CreateBucketConfiguration");
    check_completion(std::string(text));
    return 0;
}

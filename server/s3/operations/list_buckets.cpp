#include "model/timestamp.h"
#include "server/s3/operations/operations.h"
#include "server/s3/request_checks.h"
#include "server/s3/xml_writer.h"

namespace holdfast::s3 {

namespace {

constexpr std::uint32_t buckets_max = 10'000;

struct ListBucketsRequest {
    std::uint32_t limit = buckets_max;
    std::string prefix;
    bool prefix_given = false;
    std::string after;
    bool elsewhere = false;  ///< bucket-region names another region

    static Result<ListBucketsRequest> parse(const Context& context) {
        const auto& request = context.request;
        ListBucketsRequest list;
        if (const auto text = request.query("max-buckets"); text && !text->empty()) {
            const auto number = parse_decimal(*text);
            if (!number || *number < 1 || *number > buckets_max)
                return invalid_argument("max-buckets", *text,
                                        "Argument max-buckets must be an integer between 1 and "
                                        "10000");
            list.limit = static_cast<std::uint32_t>(*number);
        }
        const auto prefix = request.query("prefix");
        list.prefix_given = prefix.has_value();
        list.prefix = prefix.value_or("");
        if (const auto token = request.query("continuation-token"); token && !token->empty()) {
            const auto name = base::from_base64(*token);
            if (!name)
                return invalid_argument("continuation-token", *token,
                                        "The continuation token provided is incorrect");
            list.after = base::as_text(*name);
        }
        const auto region = request.query("bucket-region").value_or("");
        list.elsewhere = !region.empty() && region != context.services.options.region;
        return list;
    }
};

void write_bucket(XmlWriter& xml, const records::Bucket& bucket) {
    xml.open("Bucket");
    xml.element("Name", bucket.name());
    const base::WallTime created{std::chrono::milliseconds(bucket.created_ms())};
    xml.element("CreationDate", model::to_xml_date(created));
    xml.element("BucketRegion", bucket.region());
    xml.element("BucketArn", "arn:aws:s3:::" + bucket.name());
    xml.close();
}

std::string document(const Context& context, const ListBucketsRequest& request,
                     const catalog::BucketPage& page) {
    XmlWriter xml;
    xml.open_root("ListAllMyBucketsResult");
    xml.open("Buckets");
    for (const auto& bucket : page.buckets) write_bucket(xml, bucket);
    xml.close();
    xml.open("Owner");
    xml.element("ID", context.verified.identity.canonical_id());
    xml.element("DisplayName", context.verified.identity.display_name());
    xml.close();
    if (page.more)
        xml.element("ContinuationToken",
                    base::to_base64(base::as_bytes(page.buckets.back().name())));
    if (request.prefix_given) xml.element("Prefix", request.prefix);
    xml.close();
    return std::move(xml).finish();
}

}  // namespace

Reply list_buckets(Context& context) {
    auto request = ListBucketsRequest::parse(context);
    if (!request) co_return std::move(request).error();
    catalog::BucketPage page;
    if (!request->elsewhere) {
        auto listed =
            co_await context.services.buckets.list(request->prefix, request->after, request->limit);
        if (!listed) co_return context.error(listed.error());
        page = std::move(*listed);
    }
    co_return xml_response(document(context, *request, page));
}

}  // namespace holdfast::s3

#include "server/s3/object_listing.h"
#include "server/s3/operations/operations.h"
#include "storage/checksum/digest.h"

namespace holdfast::s3 {

namespace {

constexpr std::size_t seal_bytes = 8;

/// What a token belongs to: it is of use for the same bucket, prefix and delimiter only.
base::Bytes token_seal(const Context& context, const ListingParameters& parameters) {
    std::string subject = context.bucket->id();
    subject.append(1, '\0').append(parameters.prefix).append(1, '\0').append(parameters.delimiter);
    const auto digest = storage::checksum::sha256(base::as_bytes(subject));
    return {digest.begin(), digest.begin() + seal_bytes};
}

std::string make_token(const Context& context, const ListingParameters& parameters,
                       std::string_view after) {
    auto bytes = token_seal(context, parameters);
    const auto name = base::as_bytes(after);
    bytes.insert(bytes.end(), name.begin(), name.end());
    return base::to_base64(bytes);
}

struct Start {
    std::string after;
    std::optional<std::string> token;
    std::optional<std::string> start_after;
};

/// The token beats start-after; an empty one is the first page (operations 5, "v2").
Result<Start> parse_start(const Context& context, const ListingParameters& parameters) {
    Start start;
    if (const auto text = context.request.query("start-after")) start.start_after = *text;
    if (const auto text = context.request.query("continuation-token")) start.token = *text;
    if (!start.token || start.token->empty()) {
        if (!start.token) start.after = start.start_after.value_or("");
        return start;
    }
    const auto bytes = base::from_base64(*start.token);
    const auto seal = token_seal(context, parameters);
    if (!bytes || bytes->size() <= seal_bytes ||
        !std::equal(seal.begin(), seal.end(), bytes->begin()))
        return invalid_argument("continuation-token", *start.token,
                                "The continuation token provided is incorrect");
    start.after = base::as_text(base::ByteView(*bytes).subspan(seal_bytes));
    return start;
}

}  // namespace

Reply list_objects_v2(Context& context) {
    auto parameters = ListingParameters::parse(context.request);
    if (!parameters) co_return std::move(parameters).error();
    auto start = parse_start(context, *parameters);
    if (!start) co_return std::move(start).error();
    auto listing = co_await list_page(context, *parameters, start->after);
    if (!listing) co_return std::move(listing).error();

    XmlWriter xml;
    xml.open_root("ListBucketResult");
    xml.element("Name", context.bucket->name());
    xml.element("Prefix", parameters->shown(parameters->prefix));
    xml.element("KeyCount", std::uint64_t{listing->entries.size()});
    if (start->start_after) xml.element("StartAfter", parameters->shown(*start->start_after));
    if (start->token) xml.element("ContinuationToken", *start->token);
    if (listing->truncated)
        xml.element("NextContinuationToken",
                    make_token(context, *parameters, listing->entries.back().name));
    write_listing_parameters(*parameters, listing->truncated, xml);
    const bool owner = context.request.query("fetch-owner") == "true";
    write_entries(context, *parameters, *listing, owner ? WithOwner::yes : WithOwner::no, xml);
    xml.close();
    co_return xml_response(std::move(xml).finish());
}

}  // namespace holdfast::s3

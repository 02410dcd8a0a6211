#include "server/s3/delete_conditions.h"
#include "server/s3/operations/operations.h"

namespace holdfast::s3 {

Reply delete_object(Context& context) {
    const auto version_id = context.request.query("versionId");
    auto conditions = DeleteConditions::parse(context.request);
    if (!conditions) co_return std::move(conditions).error();
    auto names = names_current_object(version_id, context.key());
    if (!names) co_return std::move(names).error();

    Response response;
    response.status = 204;
    if (version_id) response.set("x-amz-version-id", std::string(*version_id));
    if (!*names) co_return response;

    std::optional<S3Error> refusal;
    std::vector<catalog::Objects::Removal> removals(1);
    removals.front().key = context.key();
    if (conditions->any())
        removals.front().check = [&](const catalog::FoundObject* current) {
            auto passed = conditions->check(current, context.key());
            refusal.reset();
            if (!passed) refusal = std::move(passed).error();
            return !refusal;
        };
    auto removed =
        co_await context.services.objects.remove(context.bucket->id(), std::move(removals));
    if (!removed) co_return context.error(removed.error());
    if (refusal) co_return std::move(*refusal);
    co_return response;
}

}  // namespace holdfast::s3

// The model tests check themselves: a server that does wrong is noticed (spec durability 5.2, 5.3
// "self-check").

#include "tests/catch.h"
#include "tests/model/broken_rows.h"
#include "tests/model/exploration.h"

namespace holdfast::model_test {

namespace {

class BrokenWorld final : public World {
public:
    explicit BrokenWorld(Wrong wrong) : rows_(wrong) { restart(true); }
    test::Endpoint& endpoint() override { return *endpoint_; }
    void restart(bool) override {
        endpoint_.reset();
        endpoint_ = make_endpoint(rows_, *blobs_);
    }

private:
    BrokenRows rows_;
    std::unique_ptr<storage::BlobStore> blobs_ = storage::memory::make_blob_store();
    std::unique_ptr<test::Endpoint> endpoint_;
};

WorldFactory broken(Wrong wrong) {
    return {"broken", [wrong] { return std::make_unique<BrokenWorld>(wrong); }};
}

/// Without the long work of shrinking: any failure will do.
bool is_noticed(const WorldFactory& world) {
    const auto explored = explore(world, 1, 3000, Shrinking::no);
    return !explored.passed;
}

}  // namespace

TEST_CASE("A server that loses, undoes or hides something is noticed", "[model]") {
    CHECK(is_noticed(broken(Wrong::write_lost)));
    CHECK(is_noticed(broken(Wrong::write_undone)));
    CHECK(is_noticed(broken(Wrong::delete_lost)));
    CHECK(is_noticed(broken(Wrong::page_shortened)));
    CHECK_FALSE(is_noticed(broken(Wrong::nothing)));
}

TEST_CASE("A disk whose syncs do nothing is noticed (P1)", "[model]") {
    CHECK(is_noticed({"lying", [] { return make_local_world(DiskSyncs::lie); }}));
}

}  // namespace holdfast::model_test

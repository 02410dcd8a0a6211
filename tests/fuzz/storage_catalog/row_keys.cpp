// Names of rows: what they were made of can be read back, no two things have one name, and the
// names are in the order of what they name.
#include "storage/catalog/row_keys.h"

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "base/bytes.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::catalog;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

/// What a client may name: a key of 1 to 1,024 bytes without NUL, an upload id without one.
struct Named {
    std::string key;
    std::string upload_id;
    std::uint32_t number = 0;
};

class Input {
public:
    explicit Input(base::ByteView bytes) : rest_(bytes) {}

    Named named() {
        Named named;
        named.key = text();
        if (named.key.empty()) named.key = "k";
        named.upload_id = text();
        named.number = static_cast<std::uint32_t>(number());
        return named;
    }
    BlobRef blob() {
        BlobRef ref;
        ref.id.back() = byte();
        ref.extents.push_back({number(), number(), 1});
        return ref;
    }

private:
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto value = rest_.front();
        rest_ = rest_.subspan(1);
        return value;
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int i = byte() % 9; i > 0; --i) value = value << 8 | byte();
        return value;
    }
    std::string text() {
        const auto end = std::find(rest_.begin(), rest_.end(), 0);
        const auto size = std::min<std::size_t>(end - rest_.begin(), 1024);
        std::string text(base::as_text(rest_.first(size)));
        rest_ = rest_.subspan(std::min(size + 1, rest_.size()));
        return text;
    }

    base::ByteView rest_;
};

int sign(int number) {
    return number < 0 ? -1 : number > 0 ? 1 : 0;
}

template <class T>
int order(const T& a, const T& b) {
    return a < b ? -1 : b < a ? 1 : 0;
}

int order_of_rows(const std::string& a, const std::string& b) {
    return sign(a.compare(b));
}

bool is_in(const RowRange& range, const std::string& row) {
    return range.begin <= row && (range.end.empty() || row < range.end);
}

void check_read_back(const Named& a) {
    const auto row = upload_row(a.key, a.upload_id);
    const auto upload = parse_upload_row(row);
    require(upload.key == a.key && upload.upload_id == a.upload_id);
    require(upload_row(upload.key, upload.upload_id) == row);
    require(object_row(a.key).substr(1) == a.key);
    require(bucket_row(a.key).substr(1) == a.key);
    const auto parts = rows_of_upload(a.key, a.upload_id);
    const auto part = part_row(a.key, a.upload_id, a.number);
    require(is_in(parts, part) && part.starts_with(parts.begin));
    require(base::load_be32(base::as_bytes(part).last(4)) == a.number);
    for (const auto& made : {part, row, object_row(a.key), parts_changed_row(a.key, a.upload_id),
                             ended_row(a.key, a.upload_id), manifest_row(a.key, a.number)})
        require(is_in(rows_of_kind(made.front()), made));
}

/// As the pairs and triples that they name are ordered, so that a scan finds them in that order
/// and a marker can say where it goes on.
void check_order(const Named& a, const Named& b) {
    const auto uploads = order(std::tie(a.key, a.upload_id), std::tie(b.key, b.upload_id));
    const auto parts =
        order(std::tie(a.key, a.upload_id, a.number), std::tie(b.key, b.upload_id, b.number));
    require(order_of_rows(object_row(a.key), object_row(b.key)) == order(a.key, b.key));
    require(order_of_rows(bucket_row(a.key), bucket_row(b.key)) == order(a.key, b.key));
    require(order_of_rows(upload_row(a.key, a.upload_id), upload_row(b.key, b.upload_id)) ==
            uploads);
    require(order_of_rows(parts_changed_row(a.key, a.upload_id),
                          parts_changed_row(b.key, b.upload_id)) == uploads);
    require(order_of_rows(ended_row(a.key, a.upload_id), ended_row(b.key, b.upload_id)) == uploads);
    require(order_of_rows(part_row(a.key, a.upload_id, a.number),
                          part_row(b.key, b.upload_id, b.number)) == parts);
    require(order_of_rows(manifest_row(a.key, a.number), manifest_row(b.key, b.number)) ==
            order(std::tie(a.key, a.number), std::tie(b.key, b.number)));
    // A scan of one upload's parts meets no other's.
    const bool same = a.key == b.key && a.upload_id == b.upload_id;
    require(is_in(rows_of_upload(a.key, a.upload_id), part_row(b.key, b.upload_id, b.number)) ==
            same);
}

void check_garbage(const BlobRef& a, const BlobRef& b) {
    const auto place = [](const BlobRef& ref) {
        return std::make_tuple(ref.id, ref.extents.front().segment, ref.extents.front().offset);
    };
    require(order_of_rows(garbage_row(a), garbage_row(b)) == order(place(a), place(b)));
    const auto row = garbage_row(a);
    const auto numbers = base::as_bytes(row).last(16);
    require(base::load_be64(numbers.first(8)) == a.extents.front().segment);
    require(base::load_be64(numbers.last(8)) == a.extents.front().offset);
}

void check_after_prefix(const std::string& prefix, const std::string& other) {
    const auto end = after_prefix(prefix);
    if (!other.starts_with(prefix)) {
        require(end.empty() || other < prefix || other >= end);
        return;
    }
    require(end.empty() || other < end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(base::ByteView(data, size));
    const auto a = input.named();
    const auto b = input.named();
    check_read_back(a);
    check_read_back(b);
    check_order(a, b);
    const auto blob = input.blob();
    check_garbage(blob, input.blob());
    check_after_prefix(a.key, b.key);
    check_after_prefix(a.key, a.key + b.upload_id);
    return 0;
}

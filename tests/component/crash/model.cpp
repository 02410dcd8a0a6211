#include "tests/component/crash/model.h"

#include <algorithm>
#include <sstream>

#include "base/assert.h"

namespace holdfast::test::crash {

namespace {

constexpr std::size_t uploads_of_key_max = 2;
constexpr std::uint32_t part_numbers = 3;

/// Mostly small; around the borders of what is kept inline, of a frame, and of small and bulk.
std::size_t draw_size(const Model::Draw& draw) {
    switch (draw(8)) {
        case 0:
            return 0;
        case 1:
        case 2:
            return 1 + draw(500);
        case 3:
        case 4:
            return 600 + draw(4000);
        case 5:
        case 6:
            return 5000 + draw(15'000);
        default:
            return 60'000 + draw(30'000);
    }
}

template <class Map>
auto& any_of(Map& map, const Model::Draw& draw) {
    return *std::next(map.begin(), static_cast<std::ptrdiff_t>(draw(map.size())));
}

std::string joined(const std::map<std::uint32_t, std::string>& parts) {
    std::string text;
    for (const auto& [number, content] : parts) text += (text.empty() ? "" : "+") + content;
    return text;
}

const char* name_of(Operation::Kind kind) {
    switch (kind) {
        case Operation::Kind::put:
            return "put";
        case Operation::Kind::remove:
            return "remove";
        case Operation::Kind::create_upload:
            return "create_upload";
        case Operation::Kind::put_part:
            return "put_part";
        case Operation::Kind::complete:
            return "complete";
        case Operation::Kind::abort:
            return "abort";
    }
    return "";
}

}  // namespace

std::string describe(const Piece& piece) {
    return std::to_string(piece.seed) + ":" + std::to_string(piece.size);
}

std::string bytes_of(const std::string& description) {
    std::string bytes;
    std::istringstream pieces(description);
    for (std::string piece; std::getline(pieces, piece, '+');) {
        const auto colon = piece.find(':');
        const auto seed = std::stoull(piece);
        const auto size = std::stoull(piece.substr(colon + 1));
        const auto begin = bytes.size();
        bytes.resize(begin + size);
        for (std::size_t i = 0; i < size; ++i)
            bytes[begin + i] = static_cast<char>((i * 31 + (i >> 8U) * 7 + seed * 101) & 0xffU);
    }
    return bytes;
}

std::string describe(const KeyState& state) {
    std::string text = state.object ? state.object->tag + "=" + state.object->content : "nothing";
    for (const auto& [id, upload] : state.uploads) {
        text += ", " + id + " (" + upload.tag + "):";
        for (const auto& [number, content] : upload.parts)
            text += " " + std::to_string(number) + "=" + content;
    }
    for (const auto& [id, what] : state.ended)
        text += ", " + id + (what.empty() ? " aborted" : " became " + what);
    return text;
}

std::string describe(const Operation& operation) {
    std::string text = name_of(operation.kind);
    text += " " + operation.key;
    if (!operation.upload_id.empty()) text += " " + operation.upload_id;
    if (operation.number > 0) text += " part " + std::to_string(operation.number);
    if (operation.piece.seed > 0) text += " " + describe(operation.piece);
    return text;
}

KeyState apply(KeyState state, const Operation& operation) {
    using Kind = Operation::Kind;
    const auto& id = operation.upload_id;
    switch (operation.kind) {
        case Kind::put:
            state.object = ObjectState{operation.tag, describe(operation.piece)};
            break;
        case Kind::remove:
            state.object.reset();
            break;
        case Kind::create_upload:
            state.uploads[id] = UploadState{operation.tag, {}};
            break;
        case Kind::put_part:
            state.uploads.at(id).parts[operation.number] = describe(operation.piece);
            break;
        case Kind::complete: {
            const auto upload = state.uploads.at(id);
            state.object = ObjectState{upload.tag, joined(upload.parts)};
            state.ended[id] = state.object->content;
            state.uploads.erase(id);
            break;
        }
        case Kind::abort:
            state.uploads.erase(id);
            state.ended[id] = "";
            break;
    }
    return state;
}

Operation Model::choose(const std::string& key, const Draw& draw) {
    using Kind = Operation::Kind;
    auto& known = keys_[key];
    HF_ASSERT(known.allowed.size() == 1);
    auto& state = known.allowed.front();
    Operation operation;
    operation.key = key;
    operation.tag = "tag" + std::to_string(++made_);
    const auto chosen = draw(10);
    const bool has_upload = !state.uploads.empty();
    if (chosen < 4) {
        operation.piece = Piece{made_, draw_size(draw)};
        return operation;
    }
    if (chosen == 4) {
        operation.kind = Kind::remove;
        return operation;
    }
    if (!has_upload || (chosen == 5 && state.uploads.size() < uploads_of_key_max)) {
        operation.kind = Kind::create_upload;
        operation.upload_id = "upload-" + std::to_string(100'000 + made_);
        return operation;
    }
    const auto& [id, upload] = any_of(state.uploads, draw);
    operation.upload_id = id;
    if (chosen == 9 && draw(3) == 0) {
        operation.kind = Kind::abort;
    } else if (chosen == 9 && !upload.parts.empty()) {
        operation.kind = Kind::complete;
    } else {
        operation.kind = Kind::put_part;
        operation.number = 1 + static_cast<std::uint32_t>(draw(part_numbers));
        operation.piece = Piece{made_, 1 + draw_size(draw)};
    }
    return operation;
}

void Model::begin(const Operation& operation) {
    auto& [allowed, earlier, uploads] = keys_[operation.key];
    allowed.push_back(apply(allowed.front(), operation));
    if (operation.kind == Operation::Kind::create_upload) uploads.push_back(operation.upload_id);
}

void Model::end(const Operation& operation, End how) {
    auto& [allowed, earlier, uploads] = keys_[operation.key];
    if (how == End::done && loss_ == Loss::last_writes) earlier.push_back(allowed.front());
    if (how == End::done) allowed.erase(allowed.begin());
    if (how == End::not_done) allowed.pop_back();
}

std::string Model::check(const std::string& key, const KeyState& seen) const {
    const auto found = keys_.find(key);
    const Key nothing;
    const auto& known = found == keys_.end() ? nothing : found->second;
    auto allowed = known.allowed;
    allowed.insert(allowed.end(), known.earlier.begin(), known.earlier.end());
    if (std::find(allowed.begin(), allowed.end(), seen) != allowed.end()) return {};
    std::string text = key + " is [" + describe(seen) + "], allowed";
    for (const auto& state : allowed) text += " [" + describe(state) + "]";
    return text;
}

bool Model::is_latest(const std::string& key, const KeyState& seen) const {
    const auto found = keys_.find(key);
    if (found == keys_.end()) return seen == KeyState();
    const auto& allowed = found->second.allowed;
    return std::find(allowed.begin(), allowed.end(), seen) != allowed.end();
}

void Model::fix(const std::string& key, const KeyState& seen) {
    keys_[key].allowed = {seen};
    keys_[key].earlier.clear();
}

std::string Model::check_damaged(const std::set<std::string>& bodies) const {
    for (const auto& body : bodies)
        if (loss_ == Loss::nothing || must_be_whole(body)) return body + " is damaged";
    return {};
}

/// It was seen so, or all the parts that it is made of.
bool Model::must_be_whole(const std::string& content) const {
    if (whole_.contains(content)) return true;
    std::istringstream pieces(content);
    for (std::string piece; std::getline(pieces, piece, '+');)
        if (!whole_.contains(piece)) return false;
    return true;
}

void Model::fix_damaged(const std::set<std::string>& bodies) {
    damaged_ = bodies;
    keep_whole_bodies();
}

void Model::settle() {
    for (auto& [key, known] : keys_) known.earlier.clear();
    keep_whole_bodies();
}

/// Or one of the parts it is made of.
bool Model::is_damaged(const std::string& content) const {
    if (damaged_.contains(content)) return true;
    std::istringstream pieces(content);
    for (std::string piece; std::getline(pieces, piece, '+');)
        if (damaged_.contains(piece)) return true;
    return false;
}

void Model::keep_whole_bodies() {
    whole_.clear();
    const auto keep = [this](const std::string& content) {
        if (!is_damaged(content)) whole_.insert(content);
    };
    for (const auto& [key, known] : keys_) {
        const auto& state = known.allowed.front();
        if (state.object) keep(state.object->content);
        for (const auto& [id, upload] : state.uploads)
            for (const auto& [number, content] : upload.parts) keep(content);
    }
}

std::vector<std::string> Model::uploads_of(const std::string& key) const {
    const auto found = keys_.find(key);
    return found == keys_.end() ? std::vector<std::string>() : found->second.uploads;
}

}  // namespace holdfast::test::crash

#include "net/PathErrands.hxx"
#include "sys/FileSystemIds.hxx"
#include "sys/FileWatch.hxx"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>

namespace net {

namespace {

sys::Parcel Request(const HeldPath &path) {
    Packer packer;
    AddState(packer, path.Describe());
    sys::Parcel request = {packer.Take(), {}};
    request.descriptors.push_back(sys::Duplicate(path.At().Directory()));
    return request;
}

template <typename Value> std::string Packed(const Value &value) {
    Packer packer;
    packer.Add(value);
    return packer.Take();
}

} // namespace

void AddState(Packer &packer, const HeldPath::State &state) {
    packer.Add(state.directory);
    packer.Add(state.file);
    packer.AddText(state.name);
    packer.AddText(state.second);
    packer.Add(state.removed);
    packer.Add(state.maker.has_value());
    if (state.maker)
        packer.AddIds(*state.maker);
}

HeldPath::State GetState(Unpacker &from) {
    HeldPath::State state;
    state.directory = from.Get<FileId>();
    state.file = from.Get<FileId>();
    state.name = from.GetText();
    state.second = from.GetText();
    state.removed = from.Get<bool>();
    if (from.Get<bool>())
        state.maker = from.GetIds();
    return state;
}

sys::Parcel RestoreRequest(const HeldPath &path) {
    return Request(path);
}

void RestorePath(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    Unpacker from(request.bytes);
    HeldPath::State state = GetState(from);
    RestoreResult result = {EMFILE, false};
    if (!request.descriptors.empty()) {
        const auto maker = state.maker;
        HeldPath path(std::move(state), sys::Duplicate(request.descriptors[0]));
        result.error = path.Restore(maker, &result.put_back);
        path.Leave();
    }
    answer.bytes = Packed(result);
}

RestoreResult ReadRestoreResult(const sys::Parcel &answer) {
    return Unpacker(answer.bytes).Get<RestoreResult>();
}

sys::Parcel WatchRequest(const HeldPath &path, sys::Fd watch) {
    sys::Parcel request = Request(path);
    request.descriptors.push_back(sys::Duplicate(watch));
    return request;
}

void WatchPath(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    Unpacker from(request.bytes);
    const HeldPath::State state = GetState(from);
    int number = -1;
    if (request.descriptors.size() == 2) {
        std::optional<sys::FileSystemIds> ids;
        if (state.maker)
            ids.emplace(*state.maker, sys::Keep::NONE);
        const std::string path =
            fmt::format("/proc/self/fd/{}/{}", request.descriptors[0].Get(), state.name);
        number = sys::FileWatch::Add(request.descriptors[1], path.c_str());
    }
    answer.bytes = Packed(number);
}

int ReadWatchResult(const sys::Parcel &answer) {
    return answer.bytes.empty() ? -1 : Unpacker(answer.bytes).Get<int>();
}

} // namespace net

#include "adopt/CallerErrands.hxx"
#include "adopt/Packed.hxx"
#include "net/OpenError.hxx"
#include "net/PathErrands.hxx"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>

namespace adopt {

namespace {

std::string Result(int error, std::string_view text) {
    Packer packer;
    packer.Add(error);
    packer.AddText(text);
    packer.Add(false);
    return packer.Take();
}

} // namespace

sys::Parcel BindPathRequest(const net::ListenSpec &spec, sys::UniqueFd directory, bool hold) {
    Packer packer;
    packer.Add(spec.at.address);
    packer.AddText(spec.text);
    packer.Add(spec.nonblocking);
    packer.AddOptions(spec.options);
    packer.AddIds(*spec.as);
    packer.Add(hold);
    sys::Parcel request = {packer.Take(), {}};
    if (directory.IsDefined())
        request.descriptors.push_back(std::move(directory));
    return request;
}

void BindPath(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    Unpacker from(request.bytes);
    net::ListenSpec spec;
    spec.origin = net::ListenSpec::Origin::ADOPTED;
    spec.at.address = from.Get<net::Address>();
    spec.text = from.GetText();
    spec.nonblocking = from.Get<bool>();
    spec.options = from.GetOptions();
    spec.as = from.GetIds();
    const bool hold = from.Get<bool>();
    if (!request.descriptors.empty())
        spec.directory = fmt::format("/proc/self/fd/{}", request.descriptors[0].Get());
    try {
        net::HeldPath path;
        sys::UniqueFd socket = net::BindUnix(spec, path);
        Packer packer;
        packer.Add(0);
        packer.AddText("");
        packer.Add(hold);
        if (hold)
            net::AddState(packer, path.Describe());
        answer.bytes = packer.Take();
        answer.descriptors.push_back(std::move(socket));
        if (hold) {
            answer.descriptors.push_back(sys::Duplicate(path.At().Directory()));
            path.Leave();
        }
    } catch (const net::OpenError &error) {
        answer.bytes = Result(error.Error(), error.what());
    }
}

Question::PathResult ReadPathResult(sys::Parcel answer) {
    Unpacker from(answer.bytes);
    Question::PathResult result;
    result.error = from.Get<int>();
    result.text = from.GetText();
    if (!answer.descriptors.empty())
        result.bound.socket = std::move(answer.descriptors[0]);
    if (from.Get<bool>() && answer.descriptors.size() > 1)
        result.bound.path = net::HeldPath(net::GetState(from), std::move(answer.descriptors[1]));
    return result;
}

sys::Parcel PutRequest(const Snapshot &caller, sys::UniqueFd listener, sys::UniqueFd socket,
                       const std::vector<net::SocketOption> &options, const net::HeldPath *path) {
    Packer packer;
    packer.Add(caller.call.id);
    packer.Add(caller.Descriptor());
    packer.Add(caller.file.close_on_exec);
    packer.AddOptions(options);
    packer.Add(path != nullptr);
    if (path != nullptr) {
        net::AddState(packer, path->Describe());
        packer.AddIds(*caller.ids);
    }
    sys::Parcel request = {packer.Take(), {}};
    request.descriptors.push_back(std::move(listener));
    request.descriptors.push_back(std::move(socket));
    if (path != nullptr)
        request.descriptors.push_back(sys::Duplicate(path->At().Directory()));
    return request;
}

void Put(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    Unpacker from(request.bytes);
    const auto id = from.Get<std::uint64_t>();
    const int target = from.Get<int>();
    const bool close_on_exec = from.Get<bool>();
    const auto options = from.GetOptions();
    const bool has_path = from.Get<bool>();
    const auto &descriptors = request.descriptors;
    PutResult result = {0, EMFILE, false}; // if a descriptor did not arrive
    if (descriptors.size() == (has_path ? 3U : 2U)) {
        if (has_path) {
            net::HeldPath path(net::GetState(from), sys::Duplicate(descriptors[2]));
            result.path_error = path.Restore(from.GetIds());
            path.Leave();
        }
        // Another thread of the worker may hold the lock of the socket.
        net::SetOptions(descriptors[1], options);
        if (result.path_error == 0)
            result.error = sys::SeccompNotify::PutAndReturn(descriptors[0], id, descriptors[1],
                                                            target, close_on_exec, result.returned);
    }
    Packer packer;
    packer.Add(result);
    answer.bytes = packer.Take();
}

PutResult ReadPutResult(const sys::Parcel &answer) {
    return Unpacker(answer.bytes).Get<PutResult>();
}

} // namespace adopt

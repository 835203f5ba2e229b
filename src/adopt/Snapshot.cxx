#include "adopt/Snapshot.hxx"
#include "adopt/Calls.hxx"
#include "adopt/CopyOptions.hxx"
#include "adopt/Modes.hxx"
#include "adopt/Packed.hxx"
#include "net/ActAs.hxx"
#include "net/NamesFile.hxx"
#include "net/OpenError.hxx"
#include "sys/SocketDiag.hxx"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

namespace adopt {

namespace {

constexpr std::size_t MOST_GROUPS = 8192; // an answer has 64 KiB

bool IsRefusal(int error) noexcept {
    return error == EPERM || error == EACCES;
}

/** By its mode, if a sandbox does not know faccessat2(2). */
bool MayWriteByMode(const struct stat &directory, const sys::ProcessIds &ids) noexcept {
    mode_t bits = directory.st_mode;
    if (ids.uid == 0)
        return true;
    if (directory.st_uid == ids.uid)
        bits >>= 6;
    else if (directory.st_gid == ids.gid ||
             std::find(ids.groups.begin(), ids.groups.end(), directory.st_gid) != ids.groups.end())
        bits >>= 3;
    return (bits & 03) == 03;
}

/** Could the caller, whose ids are taken, remove what has the name and make a file of its own? */
bool MayMake(const net::NameInDirectory &name, const sys::ProcessIds &ids) noexcept {
    struct stat directory = {}, file = {};
    const int fd = name.Directory().Get();
    if (fstatat(fd, ".", &directory, 0) != 0)
        return false;
    if (syscall(SYS_faccessat2, fd, ".", W_OK | X_OK, AT_EACCESS) != 0 &&
        ((errno != ENOSYS && errno != EPERM) || !MayWriteByMode(directory, ids)))
        return false;
    if ((directory.st_mode & S_ISVTX) == 0 || ids.uid == 0 || directory.st_uid == ids.uid)
        return true;
    return fstatat(fd, name.Name().c_str(), &file, AT_SYMLINK_NOFOLLOW) != 0 ||
           file.st_uid == ids.uid;
}

bool IsBound(sys::Fd socket) noexcept {
    sockaddr_storage address = {};
    socklen_t length = sizeof(address);
    if (!socket.IsDefined() ||
        getsockname(socket.Get(), reinterpret_cast<sockaddr *>(&address), &length) != 0)
        return false;
    switch (address.ss_family) {
    case AF_INET:
        return reinterpret_cast<const sockaddr_in &>(address).sin_port != 0;
    case AF_INET6:
        return reinterpret_cast<const sockaddr_in6 &>(address).sin6_port != 0;
    default:
        return length > offsetof(sockaddr_un, sun_path);
    }
}

/** Connected, or about to be: the kernel refuses bind(2) and listen(2), unless it is a unix socket
 *  that has no name yet. */
bool IsConnected(sys::Fd socket) noexcept {
    sockaddr_storage peer = {};
    socklen_t length = sizeof(peer);
    if (getpeername(socket.Get(), reinterpret_cast<sockaddr *>(&peer), &length) == 0)
        return true;
    tcp_info info = {};
    length = sizeof(info);
    return getsockopt(socket.Get(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
           info.tcpi_state != TCP_CLOSE && info.tcpi_state != TCP_LISTEN;
}

std::optional<bool> ReusesAddress(sys::Fd socket) noexcept {
    int value = 0;
    socklen_t length = sizeof(value);
    if (getsockopt(socket.Get(), SOL_SOCKET, SO_REUSEADDR, &value, &length) != 0)
        return std::nullopt;
    return value != 0;
}

/** Fills a snapshot, in the errand's process. */
class Reader {
public:
    Reader(const sys::Notification &call, bool _wants_domain, sys::ProcessHandles handles)
        : process(call.tid), wants_domain(_wants_domain) {
        snapshot.call = call;
        process.Use(std::move(handles));
    }

    void Read() {
        const auto which = FindCall(snapshot.call.arch, snapshot.call.nr);
        if (which == Call::BIND)
            ReadBind();
        else if (which == Call::LISTEN)
            ReadListen();
        else if (which == Call::SETSOCKOPT)
            ReadSetsockopt();
    }

    void Pack(sys::Parcel &answer) {
        Packer packer;
        packer.Add(snapshot.refused);
        packer.Add(snapshot.file.inode);
        packer.Add(snapshot.file.nonblocking);
        packer.Add(snapshot.file.close_on_exec);
        packer.Add(snapshot.is_bound);
        packer.Add(snapshot.is_debugger);
        packer.Add(snapshot.is_connected);
        packer.Add(snapshot.reuse_address.has_value());
        packer.Add(snapshot.reuse_address.value_or(false));
        packer.Add(snapshot.kind);
        packer.Add(snapshot.address.error);
        packer.Add(snapshot.address.address.has_value());
        if (snapshot.address.address)
            packer.Add(*snapshot.address.address);
        packer.Add(snapshot.value.has_value());
        packer.Add(snapshot.value.value_or(0));
        packer.AddOptions(snapshot.options);
        packer.Add(snapshot.ids.has_value());
        if (snapshot.ids)
            packer.AddIds(*snapshot.ids);
        packer.AddText(snapshot.confinement);
        packer.Add(snapshot.shares_network);
        packer.Add(snapshot.shares_files);
        packer.AddText(snapshot.directory_name);
        packer.Add(snapshot.path.error);
        packer.Add(snapshot.path.may_make);
        packer.Add(snapshot.path.file.has_value());
        packer.Add(snapshot.path.file.value_or(net::FileId{}));
        packer.Add(snapshot.path.name.DirectoryId());
        packer.AddText(snapshot.path.name.Name());
        packer.Add(snapshot.directory.IsDefined());
        packer.Add(parent.IsDefined());
        answer.bytes = packer.Take();
        if (snapshot.directory.IsDefined())
            answer.descriptors.push_back(std::move(snapshot.directory));
        if (parent.IsDefined())
            answer.descriptors.push_back(std::move(parent));
    }

private:
    /** What the descriptor is; false: it is never adopted. */
    bool LookAtSocket() {
        const auto file = process.Look(snapshot.Descriptor());
        if (!file && IsRefusal(errno))
            snapshot.refused = errno;
        const auto kind = file ? FindKind(file->protocol) : std::nullopt;
        if (!kind)
            return false;
        snapshot.file = *file;
        snapshot.kind = *kind;
        return true;
    }

    void LookAtCaller() {
        snapshot.ids = process.Ids();
        if (snapshot.ids && snapshot.ids->groups.size() > MOST_GROUPS)
            snapshot.ids.reset();
        if (wants_domain)
            snapshot.confinement = process.Confinement();
        const sys::UniqueFd copy = process.Copy(snapshot.Descriptor());
        if (copy.IsDefined()) {
            snapshot.is_bound = IsBound(copy);
            snapshot.is_connected = IsConnected(copy);
            snapshot.reuse_address = ReusesAddress(copy);
        } else {
            snapshot.is_connected =
                snapshot.kind.type == SOCK_STREAM &&
                sys::IsConnectedSocket(snapshot.kind.family, snapshot.file.inode);
        }
        snapshot.options = CopyOptions(copy, snapshot.kind);
    }

    /** Node opens its debugger in a thread of its own; programs listen in the main one. */
    bool IsNodeThread() {
        if (!snapshot.ids || snapshot.ids->process == snapshot.call.tid)
            return false;
        const std::string path = process.Executable();
        const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
        return name == "node" || name == "nodejs";
    }

    void ReadBind() {
        snapshot.address = ReadBindAddress(process, snapshot.call.args[1], snapshot.call.args[2]);
        if (IsRefusal(snapshot.address.error))
            snapshot.refused = snapshot.address.error;
        const auto &address = snapshot.address.address;
        if (!address || !LookAtSocket() || address->Family() != snapshot.kind.family)
            return;
        LookAtCaller();
        if (address->Port() == NODE_DEBUGGER_PORT)
            snapshot.is_debugger = IsNodeThread();
        if (!net::NamesFile(*address))
            snapshot.shares_network = process.SharesNetwork();
        else if (snapshot.ids)
            LookAtPath(*address);
    }

    void LookAtPath(const net::Address &address) {
        snapshot.shares_files = process.SharesFiles();
        if (!snapshot.shares_files)
            return;
        const std::string path = address.Host();
        net::ListenSpec spec;
        spec.at.address = address;
        spec.as = snapshot.ids;
        if (!path.starts_with('/')) {
            snapshot.directory_name = process.WorkingDirectory();
            snapshot.directory = process.OpenWorkingDirectory();
            if (!snapshot.directory.IsDefined()) {
                snapshot.path.error = errno;
                return;
            }
            spec.directory = fmt::format("/proc/self/fd/{}", snapshot.directory.Get());
        }
        try {
            const net::ActAs as_caller(spec);
            net::NameInDirectory name(path);
            if (!name.IsDefined()) {
                snapshot.path.error = errno;
                return;
            }
            snapshot.path.file = name.Look();
            snapshot.path.may_make = MayMake(name, *snapshot.ids);
            parent = name.TakeDirectory();
            snapshot.path.name = std::move(name);
        } catch (const net::OpenError &error) {
            snapshot.path.error = error.Error();
        }
    }

    void ReadListen() {
        if (!LookAtSocket() || snapshot.kind.type != SOCK_STREAM)
            return;
        LookAtCaller();
        snapshot.shares_network = process.SharesNetwork();
    }

    void ReadSetsockopt() {
        int value = 0;
        const auto length = static_cast<std::uint32_t>(snapshot.call.args[4]);
        if (length >= sizeof(value) && LookAtSocket() && snapshot.kind.family != AF_UNIX &&
            process.ReadMemory(snapshot.call.args[3],
                               std::as_writable_bytes(std::span(&value, 1))) == 0)
            snapshot.value = value;
    }

    Snapshot snapshot;
    sys::OtherProcess process;
    const bool wants_domain;
    sys::UniqueFd parent;
};

} // namespace

sys::Parcel Snapshot::Request(const sys::Notification &call, bool wants_domain,
                              sys::ProcessHandles handles) {
    Packer packer;
    packer.Add(call);
    packer.Add(wants_domain);
    packer.Add(handles.memory.IsDefined());
    sys::Parcel request = {packer.Take(), {}};
    for (sys::UniqueFd *handle : {&handles.memory, &handles.socket})
        if (handle->IsDefined())
            request.descriptors.push_back(std::move(*handle));
    return request;
}

void Snapshot::Read(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    Unpacker from(request.bytes);
    const auto call = from.Get<sys::Notification>();
    const bool wants_domain = from.Get<bool>();
    const bool has_memory = from.Get<bool>();
    sys::ProcessHandles handles;
    for (const sys::UniqueFd &descriptor : request.descriptors) {
        const bool is_memory = has_memory && !handles.memory.IsDefined();
        (is_memory ? handles.memory : handles.socket) = sys::Duplicate(descriptor);
    }
    Reader reader(call, wants_domain, std::move(handles));
    reader.Read();
    reader.Pack(answer);
}

std::optional<Snapshot> Snapshot::Take(const sys::SeccompNotify &notify,
                                       const sys::Notification &call, sys::Parcel answer) {
    Snapshot snapshot;
    Unpacker from(answer.bytes);
    snapshot.call = call;
    snapshot.refused = from.Get<int>();
    snapshot.file.inode = from.Get<std::uint64_t>();
    snapshot.file.nonblocking = from.Get<bool>();
    snapshot.file.close_on_exec = from.Get<bool>();
    snapshot.is_bound = from.Get<bool>();
    snapshot.is_debugger = from.Get<bool>();
    snapshot.is_connected = from.Get<bool>();
    const bool has_reuse = from.Get<bool>();
    const bool reuse_address = from.Get<bool>();
    if (has_reuse)
        snapshot.reuse_address = reuse_address;
    snapshot.kind = from.Get<SocketKind>();
    snapshot.address.error = from.Get<int>();
    if (from.Get<bool>())
        snapshot.address.address = from.Get<net::Address>();
    const bool has_value = from.Get<bool>();
    const int value = from.Get<int>();
    if (has_value)
        snapshot.value = value;
    snapshot.options = from.GetOptions();
    if (from.Get<bool>())
        snapshot.ids = from.GetIds();
    snapshot.confinement = from.GetText();
    snapshot.shares_network = from.Get<bool>();
    snapshot.shares_files = from.Get<bool>();
    snapshot.directory_name = from.GetText();
    snapshot.path.error = from.Get<int>();
    snapshot.path.may_make = from.Get<bool>();
    const bool has_file = from.Get<bool>();
    const auto file = from.Get<net::FileId>();
    if (has_file)
        snapshot.path.file = file;
    const auto parent_id = from.Get<net::FileId>();
    std::string name = from.GetText();
    std::size_t next = 0;
    const auto take = [&answer, &next] {
        return next < answer.descriptors.size() ? std::move(answer.descriptors[next++])
                                                : sys::UniqueFd();
    };
    if (from.Get<bool>())
        snapshot.directory = take();
    if (from.Get<bool>())
        snapshot.path.name = net::NameInDirectory(take(), parent_id, std::move(name));
    if (!notify.IsValid(call.id))
        return std::nullopt;
    return snapshot;
}

} // namespace adopt

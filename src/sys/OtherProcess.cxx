#include "sys/OtherProcess.hxx"
#include "sys/Capability.hxx"
#include "sys/File.hxx"
#include "sys/FileSystemIds.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <memory>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sys {

namespace {

// What one look reads at most: another process decides how long these files are.
constexpr std::size_t MOST_BYTES = 4UL * 1024 * 1024;

constexpr bool IsRefusal(int error) noexcept {
    return error == EPERM || error == EACCES;
}

/** Appends a file's content up to so many bytes of `content` in all. 0 or errno. */
int ReadInto(const std::string &path, std::string &content, std::size_t most = MOST_BYTES) {
    const UniqueFd file(AdoptTag(), open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.IsDefined())
        return errno;
    std::array<char, 16 * 1024> buffer;
    while (content.size() < most) {
        const ssize_t length = read(file.Get(), buffer.data(), buffer.size());
        if (length < 0 && errno != EINTR)
            return errno;
        if (length == 0)
            break;
        if (length > 0)
            content.append(buffer.data(), static_cast<std::size_t>(length));
    }
    return 0;
}

template <typename Number> Number ParseNumber(std::string_view text, int base) noexcept {
    Number number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, base);
    return number;
}

/** The bytes of an address that count: on arm64 programs may keep a tag in the highest one
 *  (Documentation/arch/arm64, tagged addresses). */
constexpr std::uint64_t WithoutTag(std::uint64_t address) noexcept {
#ifdef __aarch64__
    constexpr std::uint64_t KERNEL_HALF = 1ULL << 55;
    return (address & KERNEL_HALF) == 0 ? address & ((1ULL << 56) - 1) : address;
#else
    return address;
#endif
}

/** Of "socket:[1234]"; 0: it is no socket. */
std::uint64_t ToSocketInode(std::string_view target) noexcept {
    constexpr std::string_view BEGIN = "socket:[";
    return target.starts_with(BEGIN) ? ParseNumber<std::uint64_t>(target.substr(BEGIN.size()), 10)
                                     : 0;
}

/** From /proc/TID/mem. 0 or errno. */
int ReadFrom(Fd memory, std::uint64_t address, std::span<std::byte> to) noexcept {
    const ssize_t length = pread(memory.Get(), to.data(), to.size(), static_cast<off_t>(address));
    if (length == static_cast<ssize_t>(to.size()))
        return 0;
    if (length == 0)
        return ESRCH; // its memory is gone
    return length > 0 || errno == EIO ? EFAULT : errno;
}

struct CloseDirectory {
    void operator()(DIR *open) const noexcept { closedir(open); }
};

/** Calls back for each descriptor from `first` on, in their order, with its number and what it
 *  leads to ("socket:[1234]"). 0 or errno; EMFILE: there may be more than `most`. */
template <typename Callback>
int ForEachDescriptor(const std::string &directory, unsigned first, std::size_t most,
                      const Callback &callback) {
    const std::unique_ptr<DIR, CloseDirectory> entries(opendir((directory + "fd").c_str()));
    if (entries == nullptr)
        return errno;
    if (first != 0)
        seekdir(entries.get(), static_cast<long>(first) + 2); // behind "." and ".."
    for (std::size_t seen = 0; seen < most; seen++) {
        errno = 0;
        const dirent *entry = readdir(entries.get());
        if (entry == nullptr)
            return errno;
        std::array<char, 64> target; // what is cut off is no socket and no epoll descriptor
        const ssize_t length =
            readlinkat(dirfd(entries.get()), entry->d_name, target.data(), target.size());
        if (length > 0)
            callback(entry->d_name,
                     std::string_view(target.data(), static_cast<std::size_t>(length)));
        else if (length < 0 && IsRefusal(errno))
            return errno;
    }
    return EMFILE;
}

} // namespace

OtherProcess::OtherProcess(pid_t _tid)
    : tid(_tid), directory("/proc/" + std::to_string(tid) + "/") {}

const std::optional<ProcessIds> &OtherProcess::Ids() {
    if (!ids)
        ids = ReadProcessIds(tid);
    return ids;
}

ProcessHandles OtherProcess::Open(int fd) {
    ProcessHandles opened;
    static_cast<void>(Try([&] { return OpenMemory(opened.memory); }));
    opened.socket = Copy(fd);
    return opened;
}

/** The call returns 0 or an errno; so does this, EPERM for every refusal. */
template <typename Call> int OtherProcess::Try(const Call &call) {
    const int error = call();
    if (!IsRefusal(error))
        return error;
    if (geteuid() != 0 || !Ids())
        return EPERM;
    const FileSystemIds taken(*ids, Keep::ALL);
    const int second = taken.AreTaken() ? call() : EPERM;
    return IsRefusal(second) ? EPERM : second;
}

int OtherProcess::ReadMemory(std::uint64_t address, std::span<std::byte> to) {
    address = WithoutTag(address);
    constexpr std::uint64_t USER_END = INT64_MAX; // what lies above belongs to the kernel
    if (address > USER_END || to.size() > USER_END - address)
        return EFAULT;
    if (to.empty())
        return 0;
    if (handles.memory.IsDefined())
        return ReadFrom(handles.memory, address, to);
    const iovec local = {to.data(), to.size()};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
    const iovec remote = {reinterpret_cast<void *>(address), to.size()};
    const ssize_t length = process_vm_readv(tid, &local, 1, &remote, 1, 0);
    if (length == static_cast<ssize_t>(to.size()))
        return 0;
    if (length >= 0)
        return EFAULT;
    if (errno != ENOSYS && !IsRefusal(errno))
        return errno;
    // It asks for the caller's real ids, which stay; or a sandbox refuses this system call alone.
    // The file shows pages without PROT_READ, too: a pointer there is good here and bad in the
    // process.
    UniqueFd memory;
    const int error = Try([&] { return OpenMemory(memory); });
    return error != 0 ? error : ReadFrom(memory, address, to);
}

int OtherProcess::OpenMemory(UniqueFd &memory) const {
    memory = UniqueFd(AdoptTag(), open((directory + "mem").c_str(), O_RDONLY | O_CLOEXEC));
    if (memory.IsDefined())
        return 0;
    return errno == ENOENT ? ESRCH : errno;
}

std::optional<OpenFile> OtherProcess::Look(int fd) {
    OpenFile file = {};
    const int error = Try([&] { return LookPlainly(fd, file); });
    if (error == 0) {
        if (file.protocol == "UNIX")
            file.protocol.append(FindUnixType(fd, file.inode));
        return file;
    }
    errno = error;
    return std::nullopt;
}

int OtherProcess::LookPlainly(int fd, OpenFile &file) const {
    if (fd < 0)
        return EBADF;
    const std::string number = std::to_string(fd);
    const std::string link = directory + "fd/" + number;
    // The name of a socket asks no file system, unlike stat(2).
    std::array<char, 64> target;
    const ssize_t target_length = readlink(link.c_str(), target.data(), target.size());
    if (target_length < 0) {
        if (errno != ENOENT)
            return errno;
        return access(directory.c_str(), F_OK) == 0 ? EBADF : ESRCH;
    }
    file.protocol.clear();
    file.inode = ToSocketInode({target.data(), static_cast<std::size_t>(target_length)});
    if (file.inode != 0) {
        std::array<char, 64> name;
        const ssize_t length =
            getxattr(link.c_str(), "system.sockprotoname", name.data(), name.size());
        if (length > 0) // the NUL at its end is counted
            file.protocol.assign(name.data(),
                                 strnlen(name.data(), static_cast<std::size_t>(length)));
    }
    std::string info;
    if (const int error = ReadInto(directory + "fdinfo/" + number, info); error != 0)
        return error == ENOENT ? EBADF : error;
    for (const std::string_view line : util::Split(info, '\n')) {
        const auto [name, value] = util::Cut(line, ':');
        if (name != "flags")
            continue;
        const auto flags = ParseNumber<unsigned>(util::Trim(value), 8);
        file.nonblocking = (flags & O_NONBLOCK) != 0;
        file.close_on_exec = (flags & O_CLOEXEC) != 0;
        return 0;
    }
    return ESRCH;
}

/** Before Linux 5.15 all unix sockets have the same protocol name, afterwards those that are no
 *  streams. Empty if the type cannot be found. */
std::string OtherProcess::FindUnixType(int fd, std::uint64_t inode) {
    int type = 0;
    socklen_t length = sizeof(type);
    const UniqueFd copy = Copy(fd);
    if (!copy.IsDefined() || getsockopt(copy.Get(), SOL_SOCKET, SO_TYPE, &type, &length) != 0)
        type = FindListedUnixType(inode);
    switch (type) {
    case SOCK_STREAM:
        return "-STREAM";
    case SOCK_DGRAM:
        return "-DGRAM";
    case SOCK_SEQPACKET:
        return "-SEQPACKET";
    default:
        return "";
    }
}

/** From the list of all unix sockets, which can be long; 0: it is not there. */
int OtherProcess::FindListedUnixType(std::uint64_t inode) const {
    std::string table;
    ReadInto(directory + "net/unix", table);
    // "Num RefCount Protocol Flags Type St Inode Path", the type in hexadecimal.
    for (const std::string_view line : util::Split(table, '\n')) {
        std::array<std::string_view, 7> fields = {};
        std::string_view rest = line;
        for (std::string_view &field : fields) {
            rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
            field = rest.substr(0, rest.find(' '));
            rest.remove_prefix(field.size());
        }
        if (util::ParseUnsigned(fields[6], UINT64_MAX) == inode)
            return ParseNumber<int>(fields[4], 16);
    }
    return 0;
}

UniqueFd OtherProcess::Copy(int fd) {
    if (handles.socket.IsDefined())
        return Duplicate(handles.socket);
    if (!Ids()) {
        errno = ESRCH;
        return {};
    }
    const UniqueFd process(AdoptTag(), static_cast<int>(syscall(SYS_pidfd_open, ids->process, 0)));
    if (!process.IsDefined())
        return {};
    UniqueFd copy(AdoptTag(), static_cast<int>(syscall(SYS_pidfd_getfd, process.Get(), fd, 0)));
    if (!copy.IsDefined())
        return {};
    // It is the main thread's, which may have descriptors of its own (clone(2) without
    // CLONE_FILES).
    struct stat copied = {};
    std::array<char, 64> target;
    const std::string link = directory + "fd/" + std::to_string(fd);
    const ssize_t length = readlink(link.c_str(), target.data(), target.size());
    if (length < 0 || fstat(copy.Get(), &copied) != 0)
        return {};
    if (!S_ISSOCK(copied.st_mode) ||
        ToSocketInode({target.data(), static_cast<std::size_t>(length)}) != copied.st_ino) {
        errno = EBADF;
        return {};
    }
    return copy;
}

int OtherProcess::SeeSame(const char *name, bool &same) const {
    struct stat ours = {}, theirs = {};
    if (stat((std::string("/proc/self/") + name).c_str(), &ours) != 0 ||
        stat((directory + name).c_str(), &theirs) != 0)
        return errno;
    same = ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
    return 0;
}

bool OtherProcess::Shares(std::initializer_list<const char *> names) {
    for (const char *name : names) {
        bool same = false;
        if (Try([&] { return SeeSame(name, same); }) != 0 || !same)
            return false;
    }
    return true;
}

bool OtherProcess::SharesNetwork() {
    return Shares({"ns/net"});
}

bool OtherProcess::SharesFiles() {
    return Shares({"root", "ns/mnt"});
}

UniqueFd OtherProcess::OpenWorkingDirectory() {
    UniqueFd opened;
    const int error = Try([&] {
        opened = UniqueFd(AdoptTag(),
                          open((directory + "cwd").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        return opened.IsDefined() ? 0 : errno;
    });
    errno = error;
    return opened;
}

std::string OtherProcess::Confinement() const {
    std::string domain;
    ReadInto(directory + "attr/current", domain, 4096);
    return domain;
}

std::string OtherProcess::Executable() {
    std::array<char, PATH_MAX> target;
    ssize_t length = 0;
    const int error = Try([&] {
        length = readlink((directory + "exe").c_str(), target.data(), target.size());
        return length < 0 ? errno : 0;
    });
    return error == 0 ? std::string(target.data(), static_cast<std::size_t>(length))
                      : std::string();
}

std::string OtherProcess::WorkingDirectory() {
    std::string path;
    const int error = Try([&] {
        const std::string link = directory + "cwd";
        std::array<char, PATH_MAX> target;
        const ssize_t length = readlink(link.c_str(), target.data(), target.size());
        if (length < 0)
            return errno;
        path.assign(target.data(), static_cast<std::size_t>(length));
        // "/gone (deleted)" and "(unreachable)/outside" are no paths, or those of something else.
        struct stat named = {}, meant = {};
        if (stat(link.c_str(), &meant) != 0 || stat(path.c_str(), &named) != 0)
            return errno;
        return path[0] == '/' && named.st_dev == meant.st_dev && named.st_ino == meant.st_ino
                   ? 0
                   : ENOENT;
    });
    if (error == 0)
        return path;
    errno = error;
    return {};
}

std::optional<std::vector<std::uint64_t>> OtherProcess::SocketInodes() {
    const SocketSlice all = SocketsFrom(0, MOST_DESCRIPTORS);
    if (all.error != 0 || all.next)
        return std::nullopt;
    std::vector<std::uint64_t> inodes;
    for (const SocketSlice::Socket &socket : all.sockets)
        inodes.push_back(socket.inode);
    return inodes;
}

SocketSlice OtherProcess::SocketsFrom(unsigned first, std::size_t most) {
    SocketSlice slice;
    const int error = Try([&] {
        slice = {};
        return ForEachDescriptor(
            directory, first, most, [&slice, first](const char *number, std::string_view target) {
                const auto descriptor = static_cast<unsigned>(
                    util::ParseUnsigned(number, UINT32_MAX - 1).value_or(first));
                slice.next = descriptor + 1;
                slice.seen++;
                if (const std::uint64_t inode = ToSocketInode(target); inode != 0)
                    slice.sockets.push_back({descriptor, inode});
            });
    });
    if (error != EMFILE)
        slice.next.reset();
    else if (!slice.next) // nothing but "." and ".."
        slice.next = first;
    slice.error = IsRefusal(error) ? error : 0;
    return slice;
}

std::vector<std::uint64_t> OtherProcess::EpollTargets() {
    std::string infos; // of all its epoll descriptors
    Try([&] {
        infos.clear();
        return ForEachDescriptor(directory, 0, MOST_DESCRIPTORS,
                                 [&](const char *number, std::string_view target) {
                                     if (target == "anon_inode:[eventpoll]")
                                         ReadInto(directory + "fdinfo/" + number, infos);
                                 });
    });
    std::vector<std::uint64_t> inodes;
    for (const std::string_view line : util::Split(infos, '\n')) {
        // "tfd:        5 events:       19 data:                5  pos:0 ino:2a4f sdev:8"
        const auto at = line.find(" ino:");
        if (line.starts_with("tfd:") && at != std::string_view::npos)
            inodes.push_back(ParseNumber<std::uint64_t>(line.substr(at + 5), 16));
    }
    return inodes;
}

bool OnlyAncestorsMayAttach() {
    const auto scope = ReadFile("/proc/sys/kernel/yama/ptrace_scope");
    return scope && util::Trim(*scope) != "0" && !HasCapability(CAP_SYS_PTRACE);
}

} // namespace sys

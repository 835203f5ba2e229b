#include "sys/OtherProcess.hxx"
#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "unit/Forked.hxx"
#include "unit/sys/DockerRights.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

using namespace sys;

namespace {

UniqueFd Socket(int family, int type) {
    return {AdoptTag(), socket(family, type, 0)};
}

std::uint64_t InodeOf(int fd) {
    struct stat status = {};
    fstat(fd, &status);
    return status.st_ino;
}

template <typename Range> bool Holds(const Range &range, std::uint64_t value) {
    return std::find(range.begin(), range.end(), value) != range.end();
}

const std::array<char, 16> SECRET = {"only in a child"};

std::uint64_t AddressOf(const void *place) {
    return reinterpret_cast<std::uint64_t>(place);
}

int Read(OtherProcess &other, std::uint64_t address, std::size_t size, std::string &text) {
    text.assign(size, '-');
    return other.ReadMemory(address, std::as_writable_bytes(std::span(text.data(), size)));
}

/** Two pages, of which the second is beyond the end of its file. */
char *MapPageEnd() {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const UniqueFd file(AdoptTag(), memfd_create("page", MFD_CLOEXEC));
    REQUIRE(ftruncate(file.Get(), static_cast<off_t>(page)) == 0);
    void *place = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file.Get(), 0);
    REQUIRE(place != MAP_FAILED);
    return static_cast<char *>(place) + page;
}

/** With pointers of all kinds; for who reads plainly and who reads with the other's ids. */
int CheckMemory(OtherProcess &other, const char *page_end) {
    std::string text;
    FORKED_CHECK(Read(other, AddressOf(SECRET.data()), SECRET.size(), text) == 0);
    FORKED_CHECK(text == std::string(SECRET.data(), SECRET.size()));
    FORKED_CHECK(Read(other, 0, 16, text) == EFAULT);
    FORKED_CHECK(Read(other, 1, 16, text) == EFAULT);
    for (const std::uint64_t address :
         {0xffff'8000'0000'0000ULL, 0xffff'ffff'ff60'0000ULL, 0x8000'0000'0000'0000ULL,
          0x0008'0000'0000'0000ULL, ULLONG_MAX, ULLONG_MAX - 7, ULLONG_MAX >> 1,
          (ULLONG_MAX >> 1) - 7})
        FORKED_CHECK(Read(other, address, 16, text) == EFAULT);
    FORKED_CHECK(Read(other, 0, 0, text) == 0);
    FORKED_CHECK(Read(other, AddressOf(page_end) - 16, 16, text) == 0);
    FORKED_CHECK(Read(other, AddressOf(page_end) - 8, 16, text) == EFAULT);
    FORKED_CHECK(Read(other, AddressOf(page_end), 16, text) == EFAULT);
    // Nothing is written beyond what was given.
    std::array<char, 16> place = {};
    const auto middle = std::span(place).subspan(4, 8);
    FORKED_CHECK(other.ReadMemory(AddressOf(SECRET.data()), std::as_writable_bytes(middle)) == 0);
    FORKED_CHECK(std::string_view(place.data() + 4, 8) == std::string_view(SECRET.data(), 8));
    for (const std::size_t around : {0, 1, 2, 3, 12, 13, 14, 15})
        FORKED_CHECK(place[around] == 0);
    return 0;
}

/** Lets what works under memory's rules work under the others. */
int CheckLooks(OtherProcess &other, int socket, int epoll) {
    const auto file = other.Look(socket);
    FORKED_CHECK(file && file->protocol == "TCP" && file->inode == InodeOf(socket));
    FORKED_CHECK(other.Look(epoll) && other.Look(epoll)->protocol.empty());
    FORKED_CHECK(!other.Look(999) && errno == EBADF);
    FORKED_CHECK(other.SharesNetwork());
    FORKED_CHECK(other.SharesFiles());
    FORKED_CHECK(other.WorkingDirectory() == "/");
    FORKED_CHECK(Holds(other.SocketInodes().value(), InodeOf(socket)));
    FORKED_CHECK(other.EpollTargets() == std::vector{InodeOf(socket)});
    return 0;
}

/** A listening socket and an epoll descriptor that watches it. */
struct Server {
    Server() {
        epoll_event event = {};
        REQUIRE(listen(socket.Get(), 1) == 0);
        REQUIRE(epoll_ctl(epoll.Get(), EPOLL_CTL_ADD, socket.Get(), &event) == 0);
    }

    UniqueFd socket = Socket(AF_INET, SOCK_STREAM);
    UniqueFd epoll{AdoptTag(), epoll_create1(0)};
};

} // namespace

TEST_CASE("memory, with pointers of all kinds") {
    const char *page_end = MapPageEnd();
    const unit::Forked child([] {});
    OtherProcess other(child.pid);
    CHECK(CheckMemory(other, page_end) == 0);
}

TEST_CASE("everything of a process that serves") {
    const Server server;
    const unit::Forked child([] {
        if (chdir("/") != 0)
            _exit(1);
    });
    OtherProcess other(child.pid);
    CHECK(CheckLooks(other, server.socket.Get(), server.epoll.Get()) == 0);
}

TEST_CASE("a process that is gone") {
    unit::Forked child([] {});
    OtherProcess other(child.pid);
    child.End();
    std::string text;
    CHECK(Read(other, AddressOf(SECRET.data()), 8, text) == ESRCH);
    CHECK_FALSE(other.Look(0));
    CHECK(errno == ESRCH);
    CHECK_FALSE(other.Copy(0).IsDefined());
    CHECK_FALSE(other.SharesNetwork());
    CHECK_FALSE(other.SharesFiles());
    CHECK(other.WorkingDirectory().empty());
    CHECK(other.SocketInodes().value().empty());
    CHECK(other.EpollTargets().empty());
}

TEST_CASE("protocols") {
    struct {
        int family, type;
        const char *name;
    } const rows[] = {
        {AF_INET, SOCK_STREAM, "TCP"},
        {AF_INET6, SOCK_STREAM, "TCPv6"},
        {AF_INET, SOCK_DGRAM, "UDP"},
        {AF_INET6, SOCK_DGRAM, "UDPv6"},
        {AF_UNIX, SOCK_STREAM, "UNIX-STREAM"},
        {AF_UNIX, SOCK_DGRAM, "UNIX-DGRAM"},
        {AF_UNIX, SOCK_SEQPACKET, "UNIX-SEQPACKET"},
        {AF_NETLINK, SOCK_RAW, "NETLINK"},
    };
    for (const auto &row : rows) {
        CAPTURE(row.name);
        const UniqueFd socket = Socket(row.family, row.type);
        if (!socket.IsDefined())
            continue; // no IPv6 here
        const auto file = OtherProcess(getpid()).Look(socket.Get());
        REQUIRE(file);
        CHECK(file->protocol == row.name);
        CHECK(file->inode == InodeOf(socket.Get()));
    }
    CHECK(OtherProcess(getpid()).Look(unit::Pipe().reader.Get()).value().protocol.empty());
}

TEST_CASE("flags") {
    for (const int flags : {0, O_NONBLOCK, O_CLOEXEC, O_NONBLOCK | O_CLOEXEC}) {
        CAPTURE(flags);
        const UniqueFd socket = Socket(AF_INET, SOCK_STREAM | flags);
        const auto file = OtherProcess(getpid()).Look(socket.Get());
        REQUIRE(file);
        CHECK(file->nonblocking == ((flags & O_NONBLOCK) != 0));
        CHECK(file->close_on_exec == ((flags & O_CLOEXEC) != 0));
    }
}

TEST_CASE("descriptors that are not open") {
    for (const int fd : {-1, 999, INT_MAX, INT_MIN}) {
        CAPTURE(fd);
        CHECK_FALSE(OtherProcess(getpid()).Look(fd));
        CHECK(errno == EBADF);
        CHECK_FALSE(OtherProcess(getpid()).Copy(fd).IsDefined());
    }
}

TEST_CASE("a copy is the same socket") {
    const Server server;
    const unit::Forked child([] {});
    const UniqueFd copy = OtherProcess(child.pid).Copy(server.socket.Get());
    if (!copy.IsDefined() && errno == EPERM)
        HARNESS_SKIP("pidfd_getfd(2) is refused here");
    REQUIRE(copy.IsDefined());
    CHECK(InodeOf(copy.Get()) == InodeOf(server.socket.Get()));
    CHECK((fcntl(copy.Get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a working directory that was deleted is none") {
    std::optional<harness::TempDir> directory(std::in_place);
    const std::string path = directory->Path();
    const unit::Forked child([&] {
        if (chdir(path.c_str()) != 0)
            _exit(1);
    });
    OtherProcess other(child.pid);
    CHECK(other.WorkingDirectory() == path);
    directory.reset();
    errno = 0;
    CHECK(other.WorkingDirectory().empty());
    CHECK(errno == ENOENT);
}

TEST_CASE("another network namespace, another root, another mount namespace") {
    if (!HasCapability(CAP_SYS_ADMIN) || !HasCapability(CAP_SYS_CHROOT))
        HARNESS_SKIP("needs CAP_SYS_ADMIN");
    const unit::Forked network([] {
        if (unshare(CLONE_NEWNET) != 0)
            _exit(1);
    });
    REQUIRE(network.is_prepared);
    CHECK_FALSE(OtherProcess(network.pid).SharesNetwork());
    CHECK(OtherProcess(network.pid).SharesFiles());
    const unit::Forked root([] {
        if (chroot("/usr") != 0)
            _exit(1);
    });
    REQUIRE(root.is_prepared);
    CHECK_FALSE(OtherProcess(root.pid).SharesFiles());
    CHECK(OtherProcess(root.pid).SharesNetwork());
    const unit::Forked mounts([] {
        if (unshare(CLONE_NEWNS) != 0)
            _exit(1);
    });
    REQUIRE(mounts.is_prepared);
    CHECK_FALSE(OtherProcess(mounts.pid).SharesFiles());
}

TEST_CASE("where a sandbox refuses process_vm_readv(2), memory is read through its file") {
    const char *page_end = MapPageEnd();
    for (const unsigned error : {EPERM, ENOSYS}) {
        CAPTURE(error);
        CHECK(unit::InFork([page_end, error] {
                  std::array<sock_filter, 4> refuse = {{
                      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_process_vm_readv},
                      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error},
                      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
                  }};
                  const sock_fprog program = {refuse.size(), refuse.data()};
                  const unit::Forked child([] {});
                  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                  FORKED_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
                  OtherProcess other(child.pid);
                  return CheckMemory(other, page_end);
              }) == 0);
    }
}

// --- another user, as root without CAP_SYS_PTRACE ---------------------------------------------

TEST_CASE("root with Docker's capabilities reads a process of another user") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("needs root");
    const char *page_end = MapPageEnd();
    CHECK(unit::InFork([page_end] {
              FORKED_CHECK(unit::KeepDockerRights());
              prctl(PR_SET_DUMPABLE, 1);
              const Server server;
              const unit::Forked child([] {
                  unit::BecomeNobody();
                  if (chdir("/") != 0)
                      _exit(1);
              });
              FORKED_CHECK(child.is_prepared);
              // Plainly it is refused.
              std::array<char, 16> place = {};
              const iovec local = {place.data(), place.size()};
              const iovec remote = {const_cast<char *>(SECRET.data()), SECRET.size()};
              FORKED_CHECK(process_vm_readv(child.pid, &local, 1, &remote, 1, 0) == -1);
              FORKED_CHECK(errno == EPERM);

              OtherProcess other(child.pid);
              if (CheckMemory(other, page_end) != 0 ||
                  CheckLooks(other, server.socket.Get(), server.epoll.Get()) != 0)
                  return 1;
              FORKED_CHECK(!other.Copy(server.socket.Get()).IsDefined());
              FORKED_CHECK(errno == EPERM); // pidfd_getfd(2) asks for the real ids
              FORKED_CHECK(setfsuid(static_cast<uid_t>(-1)) == 0);
              FORKED_CHECK(ReadCapabilities().value().effective == unit::DOCKER_RIGHTS);
              FORKED_CHECK(prctl(PR_GET_DUMPABLE) == 1);
              return 0;
          }) == 0);
}

TEST_CASE("a process that holds capabilities itself is read, too") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("needs root");
    CHECK(unit::InFork([] {
              FORKED_CHECK(unit::KeepDockerRights());
              const unit::Forked child([] {
                  prctl(PR_SET_KEEPCAPS, 1);
                  unit::BecomeNobody();
                  SetCapabilities({1ULL << CAP_CHOWN, 1ULL << CAP_CHOWN, 0});
                  prctl(PR_SET_DUMPABLE, 1);
              });
              OtherProcess other(child.pid);
              std::string text;
              FORKED_CHECK(Read(other, AddressOf(SECRET.data()), SECRET.size(), text) == 0);
              return 0;
          }) == 0);
}

TEST_CASE("what it executes") {
    CHECK(OtherProcess(getpid()).Executable().ends_with("/unit-sys"));
    CHECK(OtherProcess(INT_MAX).Executable().empty());
}

TEST_CASE("who is not dumpable cannot be read, and every look says so") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("needs root");
    for (const bool is_root : {false, true}) {
        CAPTURE(is_root);
        CHECK(unit::InFork([is_root] {
                  FORKED_CHECK(unit::KeepDockerRights());
                  const unit::Forked child([is_root] {
                      if (!is_root)
                          unit::BecomeNobody();
                      prctl(PR_SET_DUMPABLE, 0);
                  });
                  OtherProcess other(child.pid);
                  std::string text;
                  FORKED_CHECK(Read(other, AddressOf(SECRET.data()), 8, text) == EPERM);
                  FORKED_CHECK(!other.Look(0));
                  FORKED_CHECK(errno == EPERM);
                  FORKED_CHECK(!other.Copy(0).IsDefined());
                  FORKED_CHECK(!other.SharesNetwork() && !other.SharesFiles());
                  FORKED_CHECK(other.WorkingDirectory().empty() && errno == EPERM);
                  FORKED_CHECK(other.Executable().empty());
                  FORKED_CHECK(!other.SocketInodes() && other.EpollTargets().empty());
                  return 0;
              }) == 0);
    }
}

TEST_CASE("a user cannot read root") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("needs root");
    const unit::Forked root([] {});
    CHECK(unit::InFork([&root] {
              unit::BecomeNobody();
              OtherProcess other(root.pid);
              std::string text;
              FORKED_CHECK(Read(other, AddressOf(SECRET.data()), 8, text) == EPERM);
              FORKED_CHECK(!other.Look(0) && errno == EPERM);
              return 0;
          }) == 0);
}

TEST_CASE("a process without the right reads through what its parent has opened, as under Yama") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("needs root");
    char *const page_end = MapPageEnd();
    const UniqueFd socket = Socket(AF_INET, SOCK_STREAM);
    const unit::Forked root([] {});
    ProcessHandles handles = OtherProcess(root.pid).Open(socket.Get());
    REQUIRE(handles.memory.IsDefined());
    const bool has_copy = handles.socket.IsDefined(); // pidfd_getfd(2) may be refused
    CHECK(unit::InFork([&] {
              unit::BecomeNobody();
              OtherProcess other(root.pid);
              other.Use(std::move(handles));
              if (const int failed = CheckMemory(other, page_end); failed != 0)
                  return failed;
              FORKED_CHECK(!has_copy ||
                           InodeOf(other.Copy(socket.Get()).Get()) == InodeOf(socket.Get()));
              return 0;
          }) == 0);
}

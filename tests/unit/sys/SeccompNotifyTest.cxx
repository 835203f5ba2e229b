#include "sys/SeccompNotify.hxx"
#include "harness/Skip.hxx"
#include "harness/Wait.hxx"
#include "sys/OtherProcess.hxx"
#include "sys/UnixDatagram.hxx"
#include "unit/BindFilter.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <utility>

using namespace sys;

namespace {

UniqueFd Socket(int family = AF_INET, int type = SOCK_STREAM) {
    return {AdoptTag(), socket(family, type | SOCK_CLOEXEC, 0)};
}

int Bind(int fd) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address));
}

/** 0: it is not bound. */
unsigned PortOf(int fd) {
    sockaddr_in address = {};
    socklen_t length = sizeof(address);
    getsockname(fd, reinterpret_cast<sockaddr *>(&address), &length);
    return ntohs(address.sin_port);
}

void SendFd(int channel, int fd, int error) {
    iovec content = {&error, sizeof(error)};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(fd))> control = {};
    msghdr message = {};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    if (fd >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(fd));
        std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
    }
    if (sendmsg(channel, &message, 0) < 0)
        _exit(99);
}

UniqueFd ReceiveFd(Fd channel, int &error) {
    auto message = ReceiveDatagram(channel, sizeof(error), Wait::YES);
    if (!message || message->text.size() != sizeof(error))
        return {};
    std::memcpy(&error, message->text.data(), sizeof(error));
    if (message->descriptors.size() != 1)
        return {};
    return std::move(message->descriptors[0]);
}

/** A child whose calls of bind(2) come here. */
class Filtered {
public:
    explicit Filtered(const std::function<int()> &body) {
        std::array<int, 2> channel = {-1, -1};
        REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel.data()) == 0);
        const UniqueFd ours(AdoptTag(), channel[0]), theirs(AdoptTag(), channel[1]);
        std::fflush(stdout);
        pid = fork();
        if (pid == 0) {
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            const sock_fprog program = {unit::BIND_FILTER.size(),
                                        const_cast<sock_filter *>(unit::BIND_FILTER.data())};
            const int listener = static_cast<int>(syscall(
                SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
            SendFd(theirs.Get(), listener, errno);
            close(listener);
            _exit(listener < 0 ? 98 : body());
        }
        notify.emplace(ReceiveFd(ours, error));
        if (notify->Descriptor().IsDefined())
            error = 0;
    }

    ~Filtered() {
        if (!ended) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
    }

    Filtered(const Filtered &) = delete;
    Filtered &operator=(const Filtered &) = delete;

    /** Empty where the filter is there. */
    std::string WhyNot() const {
        return error == 0 ? "" : std::string("no filter here: ") + strerrordesc_np(error);
    }

    /** The next events of the listener. */
    short Wait() const {
        pollfd source = {notify->Descriptor().Get(), POLLIN, 0};
        poll(&source, 1, 60'000);
        return source.revents;
    }

    Notification Receive() {
        REQUIRE((Wait() & POLLIN) != 0);
        const auto call = notify->Receive();
        REQUIRE(call);
        return *call;
    }

    int Status() {
        int status = -1;
        REQUIRE(waitpid(pid, &status, 0) == pid);
        ended = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    pid_t pid = -1;
    std::optional<SeccompNotify> notify;
    int error = 0;

private:
    bool ended = false;
};

#define NEED_FILTER(child)                                                                         \
    do {                                                                                           \
        if (!(child).WhyNot().empty())                                                             \
            HARNESS_SKIP((child).WhyNot());                                                        \
    } while (false)

} // namespace

TEST_CASE("a call comes with its arguments, and nothing comes twice") {
    const UniqueFd socket = Socket();
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(4711);
    Filtered child([&] {
        return bind(socket.Get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address));
    });
    NEED_FILTER(child);
    CHECK(WhyNoSeccompNotify().empty()); // it says what has just been shown
    const Notification call = child.Receive();
    CHECK(call.tid == child.pid);
    CHECK(call.arch == unit::NATIVE_ARCH);
    CHECK(call.nr == SYS_bind);
    CHECK(call.args[0] == static_cast<std::uint64_t>(socket.Get()));
    CHECK(call.args[1] == reinterpret_cast<std::uint64_t>(&address));
    CHECK(call.args[2] == sizeof(address));
    CHECK_FALSE(child.notify->Receive()); // and it does not wait
    CHECK(child.notify->IsValid(call.id));
    CHECK_FALSE(child.notify->IsValid(call.id + 1));

    sockaddr_in seen = {};
    CHECK(OtherProcess(call.tid).ReadMemory(call.args[1],
                                            std::as_writable_bytes(std::span(&seen, 1))) == 0);
    CHECK(seen.sin_port == htons(4711));
    CHECK(child.notify->Return(call.id));
    CHECK(child.Status() == 0);
    CHECK(PortOf(socket.Get()) == 0); // the kernel has not done it
}

TEST_CASE("a call that fails with what it is told") {
    const UniqueFd socket = Socket();
    Filtered child([&] { return Bind(socket.Get()) == -1 ? errno : 0; });
    NEED_FILTER(child);
    CHECK(child.notify->Fail(child.Receive().id, EADDRNOTAVAIL));
    CHECK(child.Status() == EADDRNOTAVAIL);
    CHECK(PortOf(socket.Get()) == 0);
}

TEST_CASE("a call that the kernel executes") {
    const UniqueFd socket = Socket();
    Filtered child([&] { return Bind(socket.Get()); });
    NEED_FILTER(child);
    CHECK(child.notify->Continue(child.Receive().id));
    CHECK(child.Status() == 0);
    CHECK(PortOf(socket.Get()) != 0);
}

TEST_CASE("a socket of ours in place of the process's own, with and without close-on-exec") {
    const UniqueFd ours = Socket(), theirs = Socket();
    REQUIRE(Bind(ours.Get()) == 0);
    for (const bool close_on_exec : {true, false}) {
        CAPTURE(close_on_exec);
        Filtered child([&] {
            FORKED_CHECK(Bind(theirs.Get()) == 0);
            FORKED_CHECK(PortOf(theirs.Get()) == PortOf(ours.Get()));
            FORKED_CHECK(((fcntl(theirs.Get(), F_GETFD) & FD_CLOEXEC) != 0) == close_on_exec);
            return 0;
        });
        NEED_FILTER(child);
        const Notification call = child.Receive();
        CHECK(SeccompNotify::Put(child.notify->Descriptor(), call.id, ours, theirs.Get(),
                                 close_on_exec) == 0);
        CHECK(child.notify->IsValid(call.id)); // it waits still
        CHECK(child.notify->Return(call.id));
        CHECK(child.Status() == 0);
        CHECK(PortOf(theirs.Get()) == 0); // ours has stayed
    }
}

TEST_CASE("a place that there is not") {
    const UniqueFd socket = Socket();
    Filtered child([&] { return Bind(socket.Get()); });
    NEED_FILTER(child);
    const Notification call = child.Receive();
    CHECK(SeccompNotify::Put(child.notify->Descriptor(), call.id, socket, -1, true) == EBADF);
    CHECK(SeccompNotify::Put(child.notify->Descriptor(), call.id, socket, 1 << 30, true) == EBADF);
    CHECK(SeccompNotify::Put(child.notify->Descriptor(), call.id, Fd(), socket.Get(), true) ==
          EBADF);
    CHECK(SeccompNotify::Put(child.notify->Descriptor(), call.id + 1, socket, socket.Get(), true) ==
          ENOENT);
    CHECK(child.notify->Return(call.id));
    CHECK_FALSE(child.notify->Return(call.id)); // only once
    CHECK(child.Status() == 0);
}

TEST_CASE("a process that is killed while its call waits") {
    const UniqueFd socket = Socket();
    Filtered child([&] { return Bind(socket.Get()); });
    NEED_FILTER(child);
    const Notification call = child.Receive();
    kill(child.pid, SIGKILL);
    CHECK(child.Status() == -1);
    CHECK_FALSE(child.notify->IsValid(call.id));
    CHECK(SeccompNotify::Put(child.notify->Descriptor(), call.id, socket, socket.Get(), true) ==
          ENOENT);
    CHECK_FALSE(child.notify->Return(call.id));
    CHECK_FALSE(child.notify->Fail(call.id, EINVAL));
    CHECK_FALSE(child.notify->Continue(call.id));
    CHECK((child.Wait() & POLLHUP) != 0); // nobody has the filter any more
    CHECK_FALSE(child.notify->Receive());
}

TEST_CASE("a process that is killed before its call is received") {
    const UniqueFd socket = Socket();
    Filtered child([&] { return Bind(socket.Get()); });
    NEED_FILTER(child);
    REQUIRE((child.Wait() & POLLIN) != 0);
    kill(child.pid, SIGKILL);
    CHECK(child.Status() == -1);
    CHECK_FALSE(child.notify->Receive());
}

TEST_CASE("a signal that is handled voids the call, which comes again under another number") {
    const UniqueFd socket = Socket();
    Filtered child([&] {
        struct sigaction action = {};
        action.sa_handler = [](int) {};
        action.sa_flags = SA_RESTART;
        sigaction(SIGUSR1, &action, nullptr);
        return Bind(socket.Get());
    });
    NEED_FILTER(child);
    const Notification first = child.Receive();
    kill(child.pid, SIGUSR1);
    REQUIRE(harness::WaitFor([&] { return !child.notify->IsValid(first.id); }));
    CHECK_FALSE(child.notify->Fail(first.id, EINVAL));
    const Notification second = child.Receive();
    CHECK(second.id != first.id);
    CHECK(second.args == first.args);
    CHECK(child.notify->Return(second.id));
    CHECK(child.Status() == 0);
}

TEST_CASE("a thread that is not the process's first") {
    const UniqueFd socket = Socket();
    Filtered child([&] {
        int result = -1;
        std::thread([&] { result = Bind(socket.Get()); }).join();
        return result;
    });
    NEED_FILTER(child);
    const Notification call = child.Receive();
    CHECK(call.tid != child.pid);
    const auto ids = ReadProcessIds(call.tid);
    REQUIRE(ids);
    CHECK(ids->process == child.pid);
    OtherProcess other(call.tid);
    sockaddr_in seen = {};
    CHECK(other.ReadMemory(call.args[1], std::as_writable_bytes(std::span(&seen, 1))) == 0);
    CHECK(seen.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    const auto file = other.Look(socket.Get());
    REQUIRE(file);
    CHECK(file->protocol == "TCP");
    if (const UniqueFd copy = other.Copy(socket.Get()); copy.IsDefined()) {
        struct stat status = {};
        fstat(copy.Get(), &status);
        CHECK(status.st_ino == file->inode);
    } else {
        CHECK(errno == EPERM); // a sandbox
    }
    CHECK(child.notify->Return(call.id));
    CHECK(child.Status() == 0);
}

TEST_CASE("a second listener is refused") {
    const UniqueFd socket = Socket();
    Filtered child([&] {
        const sock_fprog program = {unit::BIND_FILTER.size(),
                                    const_cast<sock_filter *>(unit::BIND_FILTER.data())};
        const long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                      SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
        return listener < 0 ? errno : 0;
    });
    NEED_FILTER(child);
    CHECK(child.Status() == EBUSY);
}

TEST_CASE("where seccomp is refused or missing, the reason is a phrase") {
    for (const int error : {EPERM, ENOSYS, EOPNOTSUPP}) {
        const int status = unit::InFork([error] {
            std::array<sock_filter, 4> refuse = {{
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_seccomp},
                {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)},
                {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
            }};
            const sock_fprog program = {refuse.size(), refuse.data()};
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
                return 0; // nothing to see here
            FORKED_CHECK(WhyNoSeccompNotify().size() > 10);
            return 0;
        });
        CHECK(status == 0);
    }
}

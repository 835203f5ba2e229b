#include "sys/Elsewhere.hxx"
#include "sys/CloseFrom.hxx"
#include "sys/Error.hxx"
#include "sys/UnixDatagram.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace sys {

namespace {

/** In front of the bytes of a request; an answer begins with it, too, so that no answer is empty.
 *  */
struct Head {
    Elsewhere::Function function;
};

constexpr std::size_t MOST_MESSAGE = sizeof(Head) + Elsewhere::MOST_BYTES;

/** 0 or errno. */
int SendMessage(Fd to, Head head, std::string_view bytes, std::span<const UniqueFd> descriptors,
                int flags) noexcept {
    if (bytes.size() > Elsewhere::MOST_BYTES || descriptors.size() > Elsewhere::MOST_DESCRIPTORS)
        return EMSGSIZE;
    std::array<iovec, 2> parts = {
        {{&head, sizeof(head)}, {const_cast<char *>(bytes.data()), bytes.size()}}};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(Elsewhere::MOST_DESCRIPTORS * sizeof(int))>
        control = {};
    msghdr message = {};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
        cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        for (std::size_t i = 0; i < descriptors.size(); i++) {
            const int fd = descriptors[i].Get();
            std::memcpy(CMSG_DATA(header) + i * sizeof(fd), &fd, sizeof(fd));
        }
    }
    ssize_t sent = 0;
    do
        sent = sendmsg(to.Get(), &message, MSG_NOSIGNAL | flags);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

/** nullopt: there is none (errno), the other end is closed (EPIPE), or it is not one of ours
 *  (EPROTO). */
std::optional<Parcel> ReceiveMessage(Fd from, Wait wait, Head &head) noexcept {
    // Its size first: room for the longest one is expensive to clear.
    const int flags = MSG_PEEK | MSG_TRUNC | (wait == Wait::NO ? MSG_DONTWAIT : 0);
    ssize_t size = 0;
    do
        size = recv(from.Get(), nullptr, 0, flags);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return std::nullopt;
    auto message =
        ReceiveDatagram(from, std::min(static_cast<std::size_t>(size), MOST_MESSAGE), wait);
    if (!message)
        return std::nullopt;
    if (message->text.size() < sizeof(head) || message->truncated) {
        errno = message->text.empty() ? EPIPE : EPROTO;
        return std::nullopt;
    }
    std::memcpy(&head, message->text.data(), sizeof(head));
    return Parcel{message->text.substr(sizeof(head)), std::move(message->descriptors)};
}

[[noreturn]] void RunErrands(int socket, pid_t caller) noexcept {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != caller)
        _exit(1);
    prctl(PR_SET_NAME, "clusterize-look");
    setsid(); // the terminal's stop is for the job, and nobody but the caller asks it for anything
    // Its own standard streams would keep those of the caller open for their readers.
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fd != socket)
            dup2(socket, fd);
    CloseFrom(STDERR_FILENO + 1);
    if (chdir("/") != 0)
        _exit(1);
    const Fd own(STDIN_FILENO);
    for (;;) {
        Head head = {};
        const auto request = ReceiveMessage(own, Wait::YES, head);
        if (!request)
            _exit(0);
        Parcel answer;
        head.function(*request, answer);
        if (SendMessage(own, head, answer.bytes, answer.descriptors, 0) != 0)
            _exit(1);
    }
}

} // namespace

Elsewhere::Elsewhere() {
    std::array<int, 2> ends = {};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw MakeErrno("socketpair");
    socket = UniqueFd(AdoptTag(), ends[0]);
    const UniqueFd theirs(AdoptTag(), ends[1]);
    const pid_t caller = getpid();
    sigset_t all, before; // a signal for the whole process group must not end it
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid = fork();
    if (pid == 0)
        RunErrands(theirs.Get(), caller);
    const int error = errno;
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0)
        throw MakeErrno(error, "fork");
    process = UniqueFd(AdoptTag(), static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

Elsewhere::Elsewhere(Elsewhere &&other) noexcept
    : pid(std::exchange(other.pid, 0)), socket(std::move(other.socket)),
      process(std::move(other.process)) {}

Elsewhere::~Elsewhere() noexcept {
    Kill();
}

int Elsewhere::Send(Function function, std::string_view bytes,
                    std::span<const UniqueFd> descriptors) noexcept {
    return SendMessage(socket, {function}, bytes, descriptors, MSG_DONTWAIT);
}

std::optional<Parcel> Elsewhere::Receive() noexcept {
    Head head = {};
    auto answer = ReceiveMessage(socket, Wait::NO, head);
    if (!answer && errno != EAGAIN)
        errno = EPIPE;
    return answer;
}

void Elsewhere::Kill() noexcept {
    socket.Close(); // it ends by itself as soon as it sees this
    if (process.IsDefined())
        syscall(SYS_pidfd_send_signal, process.Get(), SIGKILL, nullptr, 0);
}

bool Elsewhere::HasEnded() const noexcept {
    if (!process.IsDefined())
        return pid == 0 || (kill(pid, 0) != 0 && errno == ESRCH);
    pollfd end = {process.Get(), POLLIN, 0};
    return poll(&end, 1, 0) == 1;
}

void Elsewhere::End(std::chrono::milliseconds patience) noexcept {
    Kill();
    pollfd end = {process.Get(), POLLIN, 0};
    if (process.IsDefined())
        poll(&end, 1, static_cast<int>(patience.count()));
    waitpid(pid, nullptr, WNOHANG);
}

} // namespace sys

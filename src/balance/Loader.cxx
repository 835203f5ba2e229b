#include "balance/Loader.hxx"
#include "sys/CloseFrom.hxx"
#include "sys/Error.hxx"
#include "sys/UnixDatagram.hxx"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace balance {

namespace {

constexpr std::size_t DESCRIPTORS = 3; // of a KernelProgram

/** What the child sends, with the descriptors, or without them where nothing could be loaded. */
struct Reply {
    bool loaded = false, reads_queues = false, migrates = false;
    std::array<char, 200> lacks = {};
};

struct Child {
    pid_t pid = 0;
    sys::UniqueFd end; // ours
};

void Send(int to, const Loaded &loaded) noexcept {
    Reply reply;
    reply.loaded = loaded.program.program.IsDefined();
    reply.reads_queues = loaded.program.reads_queues;
    reply.migrates = loaded.program.migrates;
    loaded.lacks.copy(reply.lacks.data(), reply.lacks.size() - 1);
    iovec part = {&reply, sizeof(reply)};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(DESCRIPTORS * sizeof(int))> control = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (reply.loaded) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(DESCRIPTORS * sizeof(int));
        const std::array<int, DESCRIPTORS> fds = {
            loaded.program.program.Get(), loaded.program.sockets.Get(), loaded.program.state.Get()};
        std::memcpy(CMSG_DATA(header), fds.data(), sizeof(fds));
    }
    sendmsg(to, &message, MSG_NOSIGNAL); // a launcher that has gone needs nothing any more
}

/** In the child: keeps nothing of the launcher's, and does not outlive it. */
[[noreturn]] void Load(int to, Kind kind, bool may_trace, pid_t launcher) noexcept {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launcher)
        _exit(1);
    prctl(PR_SET_NAME, "clusterize-load");
    dup2(to, 0);
    sys::CloseFrom(3);
    Send(0, LoadProgram(kind, may_trace));
    _exit(0);
}

/** Throws std::system_error. */
Child Fork(Kind kind, bool may_trace) {
    std::array<int, 2> ends = {};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw sys::MakeErrno("socketpair");
    const sys::UniqueFd theirs(sys::AdoptTag(), ends[1]);
    Child child;
    child.end = sys::UniqueFd(sys::AdoptTag(), ends[0]);
    const pid_t launcher = getpid();
    child.pid = fork();
    if (child.pid < 0)
        throw sys::MakeErrno("fork");
    if (child.pid == 0)
        Load(theirs.Get(), kind, may_trace, launcher);
    return child;
}

Loaded Failed(const std::string &why) {
    return {{}, "no program could be loaded into the kernel: " + why};
}

/** What the child says; waits for it. */
Loaded Receive(sys::Fd from) noexcept {
    Reply reply;
    auto message = sys::ReceiveDatagram(from, sizeof(reply), sys::Wait::YES);
    if (!message)
        return Failed(sys::ErrnoText(errno));
    if (message->text.size() != sizeof(reply))
        return Failed("the process that was to do it has ended");
    std::memcpy(&reply, message->text.data(), sizeof(reply));
    Loaded loaded;
    loaded.lacks = reply.lacks.data();
    if (!reply.loaded)
        return loaded;
    if (message->descriptors.size() != DESCRIPTORS)
        return Failed(sys::ErrnoText(EMFILE));
    loaded.program.program = std::move(message->descriptors[0]);
    loaded.program.sockets = std::move(message->descriptors[1]);
    loaded.program.state = std::move(message->descriptors[2]);
    loaded.program.reads_queues = reply.reads_queues;
    loaded.program.migrates = reply.migrates;
    return loaded;
}

} // namespace

/** Nothing of it outlives the launcher; a child that was reaped already is none any more. */
Loader::~Loader() noexcept {
    if (pid == 0 || waitpid(pid, nullptr, WNOHANG) != 0)
        return;
    kill(pid, SIGKILL);
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

bool Loader::Reserve() noexcept {
    if (reserved >= MOST_PROGRAMS)
        return false;
    reserved++;
    return true;
}

void Loader::Request(Kind kind, LoadClient &client) {
    orders.push_back({kind, &client});
    if (orders.size() == 1)
        Begin();
}

void Loader::Cancel(const LoadClient &client) noexcept {
    for (Order &order : orders)
        if (order.client == &client)
            order.client = nullptr;
}

/** Starts on the first order. */
void Loader::Begin() noexcept {
    while (!orders.empty() && orders.front().client == nullptr)
        orders.pop_front();
    if (orders.empty())
        return;
    try {
        Child started = Fork(orders.front().kind, rights.may_trace);
        child = std::move(started.end);
        pid = started.pid;
        if (forked)
            forked(pid);
        answer.Watch(child, EPOLLIN);
    } catch (const std::system_error &error) {
        Answer(Failed(error.what()));
    }
}

void Loader::OnAnswer(std::uint32_t) noexcept {
    Answer(Receive(child));
}

void Loader::Answer(Loaded loaded) noexcept {
    answer.Cancel();
    child.Close();
    const Order order = orders.front();
    orders.pop_front();
    if (order.client != nullptr)
        order.client->OnLoaded(std::move(loaded));
    Begin();
}

Loaded Loader::LoadNow(Kind kind, const KernelRights &rights) {
    const Child child = Fork(kind, rights.may_trace);
    Loaded loaded = Receive(child.end);
    while (waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return loaded;
}

} // namespace balance

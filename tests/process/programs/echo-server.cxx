// A server that takes its listeners from LISTEN_FDS: TCP, UDP and unix sockets, any number of them.
//
//     echo-server [--idle-until ID] [--die] [--slow MS] [--no-contract N]
//
// Each line (each datagram) is a request:
//
//     who         id=1 slot=0 generation=1 pid=4242 listener=web
//     env NAME    the value, or (unset)
//     args        the arguments of the program, separated by spaces
//     bye         "bye", then the server closes the connection first
//     exit N      "exiting", then the worker exits with N
//     shut        as who, then the worker shuts its first listener down
//     reopen      the same, and it listens there again
//     map FILE    maps a page of the file
//     lock        calls setsockopt for its first listener with that page, under the socket's lock
//     shut+lock   the same in a child, which shuts that listener down before
//     anything    the same again
//
// TERM, INT and QUIT end it with 0 unless --die leaves them as they are; --slow MS makes it take that
// long for its end. With --idle-until ID a worker with a smaller CLUSTERIZE_WORKER_ID never accepts.
// With --no-contract N the descriptors are 3…3+N-1 and LISTEN_FDS is not looked at.
// It ends with 90 where LISTEN_PID, LISTEN_PIDFDID or LISTEN_FDNAMES do not fit.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <netinet/in.h>
#include <string>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace {

struct Listener {
    std::string name;
    bool datagrams = false;
};

struct Options {
    long idle_until = 0, slow = 0, without_contract = 0;
    bool die = false;
    std::string arguments;
};

[[noreturn]] void Fail(const std::string &why) {
    std::fprintf(stderr, "echo-server: %s\n", why.c_str());
    _exit(90);
}

std::string Variable(const char *name) {
    const char *value = std::getenv(name);
    return value != nullptr ? value : "(unset)";
}

Options ReadOptions(int argc, char **argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        options.arguments += (i > 1 ? " " : "") + word;
        const bool has_value = i + 1 < argc;
        if (word == "--die")
            options.die = true;
        else if (word == "--idle-until" && has_value)
            options.idle_until = std::atol(argv[i + 1]);
        else if (word == "--slow" && has_value)
            options.slow = std::atol(argv[i + 1]);
        else if (word == "--no-contract" && has_value)
            options.without_contract = std::atol(argv[i + 1]);
    }
    return options;
}

void CheckPid() {
    if (std::getenv("LISTEN_PID") == nullptr || std::atol(std::getenv("LISTEN_PID")) != getpid())
        Fail("LISTEN_PID is " + Variable("LISTEN_PID") + ", not " + std::to_string(getpid()));
    const char *id = std::getenv("LISTEN_PIDFDID");
    if (id == nullptr)
        return;
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
    struct stat st {};
    if (pidfd < 0 || fstat(pidfd, &st) != 0)
        Fail("no pidfd, but LISTEN_PIDFDID");
    if (std::strtoull(id, nullptr, 10) != st.st_ino)
        Fail("LISTEN_PIDFDID is " + std::string(id) + ", not " + std::to_string(st.st_ino));
    close(pidfd);
}

std::vector<std::string> Split(const std::string &text, char separator) {
    std::vector<std::string> parts{""};
    for (const char c : text) {
        if (c == separator)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

std::map<int, Listener> TakeListeners(const Options &options) {
    long count = options.without_contract;
    std::vector<std::string> names;
    if (count == 0) {
        const char *value = std::getenv("LISTEN_FDS");
        if (value == nullptr)
            Fail("no LISTEN_FDS");
        count = std::atol(value);
        CheckPid();
        if (const char *list = std::getenv("LISTEN_FDNAMES")) {
            names = Split(list, ':');
            if (static_cast<long>(names.size()) != count)
                Fail("LISTEN_FDNAMES \"" + std::string(list) + "\" for " + value + " descriptors");
        }
    }
    std::map<int, Listener> listeners;
    for (int i = 0; i < count; ++i) {
        const int fd = 3 + i;
        int type = 0;
        int listening = 0;
        socklen_t length = sizeof type;
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0)
            Fail("descriptor " + std::to_string(fd) + ": " + std::strerror(errno));
        if (type == SOCK_STREAM &&
            (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || listening == 0))
            Fail("descriptor " + std::to_string(fd) + " does not listen");
        listeners[fd] = {i < static_cast<int>(names.size()) ? names[static_cast<size_t>(i)] : "",
                         type == SOCK_DGRAM};
    }
    return listeners;
}

std::string Who(const Listener &listener) {
    return "id=" + Variable("CLUSTERIZE_WORKER_ID") + " slot=" + Variable("CLUSTERIZE_SLOT") +
           " generation=" + Variable("CLUSTERIZE_GENERATION") + " pid=" + std::to_string(getpid()) +
           " listener=" + listener.name;
}

class Server {
    Options options;
    std::map<int, Listener> listeners;
    std::map<int, std::pair<std::string, Listener>> clients;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int signals = -1;
    void *page = nullptr;

    void Watch(int fd) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
            Fail(std::string("epoll_ctl: ") + std::strerror(errno));
    }

    std::string Answer(const std::string &request, const Listener &listener) const {
        if (request == "who" || request == "shut" || request == "reopen")
            return Who(listener);
        if (request.compare(0, 4, "env ") == 0)
            return Variable(request.c_str() + 4);
        if (request == "args")
            return options.arguments;
        if (request.compare(0, 5, "exit ") == 0)
            return "exiting";
        return request;
    }

    /** False: close the connection. */
    bool Serve(int fd, const std::string &request, const Listener &listener) {
        if (request.compare(0, 4, "map ") == 0)
            Map(request.substr(4));
        const std::string answer = Answer(request, listener) + "\n";
        (void)!send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        if (request.compare(0, 5, "exit ") == 0)
            _exit(std::atoi(request.c_str() + 5));
        if (request == "shut" || request == "reopen")
            (void)shutdown(3, SHUT_RD);
        if (request == "reopen")
            (void)listen(3, 16);
        if (request == "lock" || request == "shut+lock")
            Lock(request == "shut+lock");
        return request != "bye";
    }

    void Map(const std::string &file) {
        const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
        page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
        if (page == MAP_FAILED)
            Fail(file + ": " + std::strerror(errno));
        close(fd);
    }

    /** The kernel copies the options while it holds the lock of the socket. */
    void Lock(bool shut) const {
        if (shut && fork() != 0)
            for (;;)
                pause(); // it would wait for the lock, too
        if (shut)
            (void)shutdown(3, SHUT_RD);
        const int result = setsockopt(3, IPPROTO_IP, IP_OPTIONS, page, 4);
        dprintf(STDOUT_FILENO, "lock: %s\n", result == 0 ? "0" : std::strerror(errno));
    }

    void Accept(int fd) {
        const int client = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0)
            return;
        clients[client] = {"", listeners[fd]};
        Watch(client);
    }

    void ReadDatagram(int fd) const {
        char bytes[2048];
        sockaddr_storage from{};
        socklen_t length = sizeof from;
        const auto n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT,
                                reinterpret_cast<sockaddr *>(&from), &length);
        if (n < 0)
            return;
        const std::string answer = Answer({bytes, static_cast<size_t>(n)}, listeners.at(fd));
        (void)!sendto(fd, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr *>(&from),
                      length);
    }

    void ReadClient(int fd) {
        auto &[buffer, listener] = clients[fd];
        char bytes[4096];
        const auto n = read(fd, bytes, sizeof bytes);
        bool open = n > 0;
        if (open)
            buffer.append(bytes, static_cast<size_t>(n));
        for (size_t newline; open && (newline = buffer.find('\n')) != std::string::npos;) {
            const std::string request = buffer.substr(0, newline);
            buffer.erase(0, newline + 1);
            open = Serve(fd, request, listener);
        }
        if (!open) {
            close(fd);
            clients.erase(fd);
        }
    }

    void WatchSignals() {
        sigset_t mask;
        sigemptyset(&mask);
        for (const int signo : {SIGTERM, SIGINT, SIGQUIT, SIGWINCH, SIGUSR2})
            sigaddset(&mask, signo);
        sigprocmask(SIG_BLOCK, &mask, nullptr);
        signals = signalfd(-1, &mask, SFD_CLOEXEC);
        Watch(signals);
    }

public:
    explicit Server(Options options_)
        : options(std::move(options_)), listeners(TakeListeners(options)) {}

    int Run() {
        if (!options.die)
            WatchSignals();
        const bool idle = std::atol(Variable("CLUSTERIZE_WORKER_ID").c_str()) < options.idle_until;
        for (const auto &[fd, listener] : listeners) {
            // The socket may be shared: another worker may be faster after the wake-up.
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
            if (!idle)
                Watch(fd);
        }
        dprintf(STDOUT_FILENO, "%s %s\n", idle ? "idle" : "serving", Who({}).c_str());
        for (;;) {
            epoll_event event{};
            if (epoll_wait(epoll, &event, 1, -1) < 1)
                continue;
            const int fd = event.data.fd;
            if (fd == signals) {
                signalfd_siginfo info{};
                (void)!read(fd, &info, sizeof info);
                dprintf(STDOUT_FILENO, "stopping slot=%s signal=%u\n",
                        Variable("CLUSTERIZE_SLOT").c_str(), info.ssi_signo);
                usleep(static_cast<useconds_t>(options.slow) * 1000);
                return 0;
            }
            const auto listener = listeners.find(fd);
            if (listener == listeners.end())
                ReadClient(fd);
            else if (listener->second.datagrams)
                ReadDatagram(fd);
            else
                Accept(fd);
        }
    }
};

} // namespace

int main(int argc, char **argv) {
    return Server(ReadOptions(argc, argv)).Run();
}

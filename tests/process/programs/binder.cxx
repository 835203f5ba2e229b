// A program that knows no contract: it opens the addresses that it is told, says what came of each
// call, and serves.
//
//     binder STEP…
//
//     tcp:HOST:PORT      socket, bind, listen; [HOST]:PORT is IPv6
//     udp:HOST:PORT      socket, bind
//     unix:PATH          a stream socket; unix:@NAME is an abstract one
//     listen0            socket and listen, without bind; listen0:6 for IPv6
//     connect:HOST:PORT  a connection, which stays open
//     ports:COUNT        as many UDP sockets with a random port each, as DNS clients open them
//     close:N            closes what step N opened; steps count from 0
//     listen:N           calls listen once more for what step N opened
//     child:STEP         a child does this step and stays until the end
//     wait               until USR1 comes
//     stuck:FILE         the same, then bind to an address in the memory of that file; with ",lock"
//                        setsockopt instead, which holds the lock of descriptor 3
//     exit:STATUS
//
// After a comma come options of a step: v6only, dual, reuseaddr, reuseport, nonblock, cloexec,
// backlog=N, unlink (before bind), remove (the path when TERM comes), stay (the first TERM ends
// nothing then), file (a name with @ is a path, too), nolisten, from=HOST:PORT
// (connect binds that first), uid=N (of a child: it takes that user first), listens-as=N (it takes
// that user between bind and listen).
//
// A step writes one line when it is done; what failed is the name of an error:
//
//     step=0 did=tcp:127.0.0.1:80 slot=1 id=2 pid=42 fd=3 bind=0 listen=0 name=127.0.0.1:80 …
//
// After the last one it writes "serving …" and answers each line and each datagram with one line:
//
//     step=0 slot=1 id=2 pid=42 name=127.0.0.1:80
//
// TERM ends it with 0, or with 5 if a path that it is to remove is not there.

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <set>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace {

[[noreturn]] void Fail(const std::string &why) {
    std::fprintf(stderr, "binder: %s\n", why.c_str());
    _exit(90);
}

std::string Variable(const char *name) {
    const char *value = std::getenv(name);
    return value != nullptr ? value : "-";
}

std::string Self() {
    return "slot=" + Variable("CLUSTERIZE_SLOT") + " id=" + Variable("CLUSTERIZE_WORKER_ID") +
           " pid=" + std::to_string(getpid());
}

void Say(const std::string &line) {
    const std::string whole = line + "\n";
    (void)!write(STDOUT_FILENO, whole.data(), whole.size());
}

/** "0" or the name of the error. */
std::string Said(long result) {
    if (result >= 0)
        return "0";
    const char *name = strerrorname_np(errno);
    return name != nullptr ? name : "?";
}

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    const sockaddr *Get() const { return reinterpret_cast<const sockaddr *>(&storage); }
};

Address UnixAddress(const std::string &path, bool is_file) {
    Address address;
    auto &un = reinterpret_cast<sockaddr_un &>(address.storage);
    un.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof un.sun_path)
        Fail("no path: " + path);
    std::memcpy(un.sun_path, path.data(), path.size());
    address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    if (path[0] == '@' && !is_file)
        un.sun_path[0] = '\0';
    else
        ++address.length;
    return address;
}

Address InetAddress(const std::string &text) {
    Address address;
    const auto colon = text.rfind(':');
    if (colon == std::string::npos)
        Fail("no port: " + text);
    const auto port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
    if (text[0] == '[') {
        auto &in6 = reinterpret_cast<sockaddr_in6 &>(address.storage);
        in6.sin6_family = AF_INET6;
        in6.sin6_port = port;
        if (inet_pton(AF_INET6, text.substr(1, colon - 2).c_str(), &in6.sin6_addr) != 1)
            Fail("no address: " + text);
        address.length = sizeof in6;
    } else {
        auto &in = reinterpret_cast<sockaddr_in &>(address.storage);
        in.sin_family = AF_INET;
        in.sin_port = port;
        if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &in.sin_addr) != 1)
            Fail("no address: " + text);
        address.length = sizeof in;
    }
    return address;
}

std::string Text(const Address &address) {
    char host[INET6_ADDRSTRLEN] = "";
    switch (address.storage.ss_family) {
    case AF_INET: {
        const auto &in = reinterpret_cast<const sockaddr_in &>(address.storage);
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        return std::string(host) + ":" + std::to_string(ntohs(in.sin_port));
    }
    case AF_INET6: {
        const auto &in6 = reinterpret_cast<const sockaddr_in6 &>(address.storage);
        inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
        return "[" + std::string(host) + "]:" + std::to_string(ntohs(in6.sin6_port));
    }
    default: {
        const auto &un = reinterpret_cast<const sockaddr_un &>(address.storage);
        if (address.length <= offsetof(sockaddr_un, sun_path))
            return "unix:";
        std::string path(un.sun_path, address.length - offsetof(sockaddr_un, sun_path));
        if (path[0] == '\0')
            path[0] = '@';
        return "unix:" + std::string(path.c_str());
    }
    }
}

std::string NameOf(int fd) {
    Address address;
    address.length = sizeof address.storage;
    if (getsockname(fd, reinterpret_cast<sockaddr *>(&address.storage), &address.length) != 0)
        return Said(-1);
    return Text(address);
}

std::string OptionOf(int fd, int level, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) == 0 ? std::to_string(value) : Said(-1);
}

const char *to_remove = nullptr; // when TERM comes
bool stays = false;

void OnTerm(int) {
    if (to_remove != nullptr && unlink(to_remove) != 0)
        _exit(5);
    if (!stays)
        _exit(0);
    stays = false;
    to_remove = nullptr;
}

/** One word of the command line, taken apart. */
struct Step {
    std::string word, kind, rest;
    std::map<std::string, std::string> options;

    explicit Step(const std::string &word_) : word(word_) {
        const auto comma = word.find(',');
        const auto head = word.substr(0, comma);
        const auto colon = head.find(':');
        kind = head.substr(0, colon);
        rest = colon == std::string::npos ? "" : head.substr(colon + 1);
        for (auto at = comma; at != std::string::npos;) {
            const auto next = word.find(',', at + 1);
            const auto option =
                word.substr(at + 1, next == std::string::npos ? next : next - at - 1);
            const auto equals = option.find('=');
            options[option.substr(0, equals)] =
                equals == std::string::npos ? "" : option.substr(equals + 1);
            at = next;
        }
    }

    bool Has(const char *option) const { return options.contains(option); }
    int Number() const { return std::atoi(rest.c_str()); }
};

class Binder {
    std::map<int, int> opened; // step → descriptor
    std::map<int, int> listeners; // descriptor → step
    std::map<int, int> datagrams; // the same
    std::map<int, int> clients; // the same
    std::map<int, std::string> read; // client → what came so far

    int Socket(const Step &step, int family, int type) const {
        const int fd = socket(family,
                              type | (step.Has("nonblock") ? SOCK_NONBLOCK : 0) |
                                  (step.Has("cloexec") ? SOCK_CLOEXEC : 0),
                              0);
        if (fd < 0)
            Fail("socket: " + Said(-1));
        const auto set = [fd](int level, int name, int value) {
            if (setsockopt(fd, level, name, &value, sizeof value) != 0)
                Fail("setsockopt: " + Said(-1));
        };
        if (step.Has("v6only"))
            set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
        if (step.Has("dual"))
            set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
        if (step.Has("reuseaddr"))
            set(SOL_SOCKET, SO_REUSEADDR, 1);
        if (step.Has("reuseport"))
            set(SOL_SOCKET, SO_REUSEPORT, 1);
        return fd;
    }

    static int Backlog(const Step &step) {
        return step.Has("backlog") ? std::atoi(step.options.at("backlog").c_str()) : 128;
    }

    static std::string State(int fd) {
        std::string state = " name=" + NameOf(fd);
        state += " nonblock=" + std::to_string((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        state += " cloexec=" + std::to_string((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        state += " family=" + OptionOf(fd, SOL_SOCKET, SO_DOMAIN);
        if (OptionOf(fd, SOL_SOCKET, SO_DOMAIN) == std::to_string(AF_INET6))
            state += " v6only=" + OptionOf(fd, IPPROTO_IPV6, IPV6_V6ONLY);
        return state;
    }

    /** Opens an address; what came of it. */
    std::string Open(int number, const Step &step, const Address *address, int family, int type) {
        const int fd = Socket(step, family, type);
        std::string said = " fd=" + std::to_string(fd);
        bool fine = true;
        if (address != nullptr) {
            if (step.Has("unlink"))
                said += " unlink=" + Said(unlink(step.rest.c_str()));
            const auto bound = Said(bind(fd, address->Get(), address->length));
            said += " bind=" + bound;
            fine = bound == "0";
            stays = step.Has("stay");
            if (step.Has("remove"))
                to_remove = strdup(step.rest.c_str());
        }
        if (step.Has("listens-as") &&
            seteuid(static_cast<uid_t>(std::atoi(step.options.at("listens-as").c_str()))) != 0)
            Fail("seteuid: " + Said(-1));
        if (fine && type == SOCK_STREAM && !step.Has("nolisten")) {
            const auto listens = Said(listen(fd, Backlog(step)));
            said += " listen=" + listens;
            fine = listens == "0";
        }
        said += State(fd);
        if (!fine) {
            close(fd);
            return said;
        }
        opened[number] = fd;
        if (type == SOCK_DGRAM)
            datagrams[fd] = number;
        else if (!step.Has("nolisten"))
            listeners[fd] = number;
        return said;
    }

    std::string Connect(int number, const Step &step) {
        const auto to = InetAddress(step.rest);
        const int fd = Socket(step, to.storage.ss_family, SOCK_STREAM);
        std::string said = " fd=" + std::to_string(fd);
        if (step.Has("from")) {
            const auto from = InetAddress(step.options.at("from"));
            said += " bind=" + Said(bind(fd, from.Get(), from.length));
        }
        said += " connect=" + Said(connect(fd, to.Get(), to.length));
        opened[number] = fd;
        return said + State(fd);
    }

    static std::string Ports(const Step &step) {
        std::set<std::string> names;
        for (int i = 0; i < step.Number(); ++i) {
            const int fd = socket(AF_INET, SOCK_DGRAM, 0);
            const auto any = InetAddress("0.0.0.0:0");
            if (bind(fd, any.Get(), any.length) != 0)
                return " bind=" + Said(-1);
            names.insert(NameOf(fd));
        }
        return " bind=0 different=" + std::to_string(names.size());
    }

    std::string Close(const Step &step) {
        const auto found = opened.find(step.Number());
        if (found == opened.end())
            return " close=EBADF";
        const int fd = found->second;
        listeners.erase(fd);
        datagrams.erase(fd);
        opened.erase(found);
        return " close=" + Said(close(fd));
    }

    std::string ListenAgain(const Step &step) {
        const int fd = opened.at(step.Number());
        const auto listens = Said(listen(fd, Backlog(step)));
        if (listens == "0")
            listeners[fd] = step.Number();
        return " fd=" + std::to_string(fd) + " listen=" + listens + State(fd);
    }

    static std::string Wait() {
        Say("waiting " + Self());
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGUSR1);
        int signo = 0;
        return " sigwait=" + std::to_string(sigwait(&mask, &signo));
    }

    /** The file is mapped and closed before, as long as its server answers. */
    static std::string Stuck(const Step &step) {
        const int file = open(step.rest.c_str(), O_RDONLY | O_CLOEXEC);
        void *place = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file, 0);
        if (place == MAP_FAILED)
            Fail("mmap: " + Said(-1));
        close(file);
        const std::string said = Wait();
        if (step.Has("lock")) // the kernel copies the options under the lock of the socket
            return said + " stuck=" + Said(setsockopt(3, IPPROTO_IP, IP_OPTIONS, place, 4));
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return said + " stuck=" + Said(bind(fd, static_cast<const sockaddr *>(place), 16));
    }

    std::string Do(int number, const Step &step) {
        const bool six = !step.rest.empty() && step.rest[0] == '[';
        if (step.kind == "tcp" || step.kind == "udp") {
            const auto address = InetAddress(step.rest);
            return Open(number, step, &address, six ? AF_INET6 : AF_INET,
                        step.kind == "udp" ? SOCK_DGRAM : SOCK_STREAM);
        }
        if (step.kind == "unix") {
            const auto address = UnixAddress(step.rest, step.Has("file"));
            return Open(number, step, &address, AF_UNIX, SOCK_STREAM);
        }
        if (step.kind == "listen0")
            return Open(number, step, nullptr, step.rest == "6" ? AF_INET6 : AF_INET, SOCK_STREAM);
        if (step.kind == "connect")
            return Connect(number, step);
        if (step.kind == "ports")
            return Ports(step);
        if (step.kind == "close")
            return Close(step);
        if (step.kind == "listen")
            return ListenAgain(step);
        if (step.kind == "wait")
            return Wait();
        if (step.kind == "stuck")
            return Stuck(step);
        if (step.kind == "exit")
            _exit(step.Number());
        Fail("unknown step: " + step.word);
    }

    /** A child does the rest of the word, says so, and serves what it opened. The parent waits for
     *  the line. */
    std::string Child(int number, const std::string &word) {
        int ends[2];
        if (pipe(ends) != 0)
            Fail("pipe");
        const pid_t pid = fork();
        if (pid == 0) {
            close(ends[0]);
            listeners.clear();
            const Step step(word);
            if (step.Has("uid")) {
                const auto uid = static_cast<uid_t>(std::atoi(step.options.at("uid").c_str()));
                if (setgid(uid) != 0 || setuid(uid) != 0)
                    Fail("setuid: " + Said(-1));
            }
            Run(number, word);
            close(ends[1]);
            Serve();
        }
        close(ends[1]);
        char byte;
        (void)!::read(ends[0], &byte, 1);
        close(ends[0]);
        return " child=" + std::to_string(pid);
    }

    std::string Answer(int fd, int number) const {
        return "step=" + std::to_string(number) + " " + Self() + " name=" + NameOf(fd) + "\n";
    }

    void Accept(int fd) {
        const int client = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (client >= 0)
            clients[client] = fd;
    }

    void AnswerDatagram(int fd) const {
        char bytes[2048];
        sockaddr_storage from{};
        socklen_t length = sizeof from;
        auto *const peer = reinterpret_cast<sockaddr *>(&from);
        if (recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, peer, &length) < 0)
            return;
        const auto answer = Answer(fd, datagrams.at(fd));
        (void)!sendto(fd, answer.data(), answer.size(), 0, peer, length);
    }

    void ReadClient(int client) {
        char bytes[512];
        const auto n = ::read(client, bytes, sizeof bytes);
        if (n <= 0) {
            close(client);
            clients.erase(client);
            read.erase(client);
            return;
        }
        auto &text = read[client];
        text.append(bytes, static_cast<size_t>(n));
        for (size_t newline; (newline = text.find('\n')) != std::string::npos;) {
            text.erase(0, newline + 1);
            const int listener = clients.at(client);
            const auto answer = Answer(listener, listeners.at(listener));
            (void)!send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    }

public:
    void Run(int number, const std::string &word) {
        constexpr const char *CHILD = "child:";
        const auto said = word.compare(0, std::strlen(CHILD), CHILD) == 0
                              ? Child(number, word.substr(std::strlen(CHILD)))
                              : Do(number, Step(word));
        Say("step=" + std::to_string(number) + " did=" + word + " " + Self() + said);
    }

    [[noreturn]] void Serve() {
        // A socket may be shared: another worker may be faster after the wake-up.
        for (const auto &entry : listeners)
            (void)fcntl(entry.first, F_SETFL, fcntl(entry.first, F_GETFL) | O_NONBLOCK);
        for (;;) {
            std::vector<pollfd> watched;
            for (const auto *fds : {&listeners, &datagrams, &clients})
                for (const auto &entry : *fds)
                    watched.push_back({entry.first, POLLIN, 0});
            if (poll(watched.data(), watched.size(), -1) < 1)
                continue;
            for (const auto &one : watched) {
                if (one.revents == 0)
                    continue;
                if (listeners.contains(one.fd))
                    Accept(one.fd);
                else if (datagrams.contains(one.fd))
                    AnswerDatagram(one.fd);
                else
                    ReadClient(one.fd);
            }
        }
    }
};

} // namespace

int main(int argc, char **argv) {
    (void)std::signal(SIGTERM, OnTerm);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, nullptr);

    Binder binder;
    for (int i = 1; i < argc; ++i)
        binder.Run(i - 1, argv[i]);
    Say("serving " + Self());
    binder.Serve();
}

/**
 * A worker that makes the calls which clusterize answers in every way that is no good, and serves afterwards.
 *
 *     hostile ACT PORT
 *
 * The worker of slot 0 does ACT, a name of the table at the end, and prints what came of it: `NAME=ERRNO` for each call that
 * was tried (0: it worked) and `done`. Then it serves 127.0.0.1:PORT, as the others do at once: one
 * line for each connection, `slot=SLOT`.
 */

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

int Tcp() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return fd;
}

sockaddr_in Loopback(unsigned port) {
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<unsigned short>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

int Bind(int fd, unsigned port) {
    const auto at = Loopback(port);
    return bind(fd, reinterpret_cast<const sockaddr *>(&at), sizeof(at));
}

/** bind(2) with anything. */
int RawBind(long fd, unsigned long place, unsigned long length) {
    return syscall(SYS_bind, fd, place, length) == 0 ? 0 : errno;
}

void Say(const char *name, int error) {
    std::printf("%s=%d\n", name, error);
    std::fflush(stdout);
}

void BadPointers(unsigned port) {
    const auto at = Loopback(port);
    const auto good = reinterpret_cast<unsigned long>(&at);
    const int fd = Tcp();
    Say("null", RawBind(fd, 0, sizeof(at)));
    Say("low", RawBind(fd, 1, sizeof(at)));
    Say("kernel", RawBind(fd, 0xFFFF'8000'0000'0000, sizeof(at)));
    Say("wrap", RawBind(fd, ~0UL - 3, sizeof(at)));
    Say("huge", RawBind(fd, good, 1UL << 20));
    Say("negative", RawBind(fd, good, ~0UL));
    Say("empty", RawBind(fd, good, 0));
    Say("short", RawBind(fd, good, 7));
    // The address ends with a page that is not there.
    const long page = sysconf(_SC_PAGESIZE);
    auto *two =
        static_cast<char *>(mmap(nullptr, static_cast<std::size_t>(2 * page),
                                 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(two + page, static_cast<std::size_t>(page));
    std::memcpy(two + page - 8, &at, 8);
    Say("edge", RawBind(fd, reinterpret_cast<unsigned long>(two + page - 8), sizeof(at)));
    Say("closed", RawBind(999, good, sizeof(at)));
    Say("minus", RawBind(-1, good, sizeof(at)));
    Say("file", RawBind(open("/dev/null", O_RDONLY | O_CLOEXEC), good, sizeof(at)));
    auto foreign = at;
    foreign.sin_addr.s_addr = htonl(0x08080808);
    Say("foreign", RawBind(fd, reinterpret_cast<unsigned long>(&foreign), sizeof(foreign)));
    auto wrong = at;
    wrong.sin_family = 4711;
    Say("family", RawBind(fd, reinterpret_cast<unsigned long>(&wrong), sizeof(wrong)));
    Say("listen-closed", listen(999, 5) == 0 ? 0 : errno);
    Say("listen-file", listen(open("/dev/null", O_RDONLY | O_CLOEXEC), 5) == 0 ? 0 : errno);
    Say("option-null", setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, nullptr, 4) == 0 ? 0 : errno);
    // A port that is taken is asked for again with the same socket, until it is free.
    const int taken = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
              other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    auto chosen = Loopback(0);
    socklen_t chosen_length = sizeof(chosen);
    Bind(taken, 0);
    getsockname(taken, reinterpret_cast<sockaddr *>(&chosen), &chosen_length);
    const auto wanted = reinterpret_cast<unsigned long>(&chosen);
    Say("taken", RawBind(other, wanted, sizeof(chosen)));
    Say("still-taken", RawBind(other, wanted, sizeof(chosen)));
    close(taken);
    Say("free", RawBind(other, wanted, sizeof(chosen)));
    Say("bound", RawBind(other, wanted, sizeof(chosen)));
    close(other);
    Say("good", RawBind(fd, good, sizeof(at)));
    Say("again", RawBind(fd, good, sizeof(at)));
    close(fd);
}

/** Families that are nobody's port. */
void Packet(unsigned) {
    const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_ll at = {};
    at.sll_family = AF_PACKET;
    at.sll_protocol = htons(ETH_P_LOOP);
    Say("packet", fd < 0                                                         ? 0
                  : bind(fd, reinterpret_cast<sockaddr *>(&at), sizeof(at)) == 0 ? 0
                                                                                 : errno);
    const int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
    sockaddr none = {};
    none.sa_family = AF_NETLINK;
    Say("netlink", RawBind(netlink, reinterpret_cast<unsigned long>(&none), 12));
    close(netlink);
    close(fd);
}

/** Fifty threads bind and listen, each on ports of its own, again and again. */
void Storm(unsigned port) {
    std::vector<std::thread> threads;
    std::atomic<int> failed = 0;
    for (unsigned i = 0; i < 50; i++)
        threads.emplace_back([&failed, i, port] {
            for (unsigned k = 0; k < 40; k++) {
                const int fd = Tcp();
                if (Bind(fd, port + 1 + i) != 0 || listen(fd, 5) != 0)
                    failed++;
                close(fd);
            }
        });
    for (std::thread &thread : threads)
        thread.join();
    Say("failed", failed);
}

void ManyPorts(unsigned) {
    int bound = 0, listened = 0;
    for (unsigned port = 20'000; port < 30'000; port++) {
        const int fd = Tcp();
        if (Bind(fd, port) == 0) {
            bound++;
            listened += listen(fd, 5) == 0 ? 1 : 0;
        }
        close(fd);
    }
    std::printf("bound=%d listened=%d\n", bound, listened);
}

/** Other threads bind when the program is replaced; `rounds` is kept in a variable. */
void Exec(unsigned port) {
    const char *left = std::getenv("HOSTILE_ROUNDS");
    const int rounds = left != nullptr ? std::atoi(left) : 20;
    if (rounds == 0)
        return;
    setenv("HOSTILE_ROUNDS", std::to_string(rounds - 1).c_str(), 1);
    std::atomic<int> made = 0;
    for (int i = 0; i < 4; i++)
        std::thread([&made, port] {
            for (;;) {
                const int fd = Tcp();
                Bind(fd, port + 1);
                listen(fd, 5);
                close(fd);
                made++;
            }
        }).detach();
    while (made < 8)
        std::this_thread::yield();
    const std::string text = std::to_string(port);
    execl("/proc/self/exe", "hostile", "exec", text.c_str(), nullptr);
    Say("exec", errno);
}

/** The descriptor is closed, and becomes something else, while it is bound. */
void Close(unsigned port) {
    std::atomic<bool> stop = false;
    std::atomic<int> fd = Tcp();
    std::thread closer([&] {
        while (!stop) {
            close(fd);
            fd = Tcp();
        }
    });
    for (int i = 0; i < 2000; i++) {
        Bind(fd, port + 1);
        listen(fd, 5);
    }
    stop = true;
    closer.join();
    close(fd);
}

/** Two threads bind and listen with the same socket. */
void Race(unsigned port) {
    int both = 0, neither = 0;
    for (int i = 0; i < 500; i++) {
        const int fd = Tcp();
        std::atomic<int> won = 0;
        const auto run = [&won, fd, port] {
            won += Bind(fd, port + 1) == 0 ? 1 : 0;
            listen(fd, 5);
        };
        std::thread other(run);
        run();
        other.join();
        both += won == 2 ? 1 : 0;
        neither += won == 0 ? 1 : 0;
        close(fd);
    }
    std::printf("both=%d\nneither=%d\n", both, neither);
}

/** A worker's own shutdown of what it serves. */
void Shutdown(unsigned port) {
    const int fd = Tcp();
    Say("bind", Bind(fd, port + 1) == 0 ? 0 : errno);
    Say("listen", listen(fd, 5) == 0 ? 0 : errno);
    Say("shutdown", shutdown(fd, SHUT_RDWR) == 0 ? 0 : errno);
    Say("again", listen(fd, 5) == 0 ? 0 : errno);
    int listens = 0;
    socklen_t length = sizeof(listens);
    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
    std::printf("listens=%d\n", listens);
    close(fd);
}

/** Handled signals interrupt the calls. */
void Signals(unsigned port) {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, nullptr);
    itimerval often = {{0, 100}, {0, 100}};
    setitimer(ITIMER_REAL, &often, nullptr);
    int wrong = 0;
    for (int i = 0; i < 1000; i++) {
        const int fd = Tcp();
        int error = 0;
        while ((error = Bind(fd, port + 1) == 0 ? 0 : errno) == EINTR) {
        }
        wrong += error != 0 ? 1 : 0;
        while ((error = listen(fd, 5) == 0 ? 0 : errno) == EINTR) {
        }
        wrong += error != 0 ? 1 : 0;
        close(fd);
    }
    often = {};
    setitimer(ITIMER_REAL, &often, nullptr);
    Say("wrong", wrong);
}

/** Children that are killed while they bind. */
void Die(unsigned port) {
    for (int i = 0; i < 100; i++) {
        const pid_t child = fork();
        if (child == 0)
            for (;;) {
                const int fd = Tcp();
                Bind(fd, port + 1);
                listen(fd, 5);
                close(fd);
            }
        std::this_thread::yield();
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
}

/** Somebody stops the worker, and lets it go on, while it binds. */
void Stop(unsigned port) {
    const pid_t worker = getpid();
    const pid_t other = fork();
    if (other == 0) {
        for (int i = 0; i < 300; i++) {
            kill(worker, SIGSTOP);
            std::this_thread::yield();
            kill(worker, SIGCONT);
            std::this_thread::yield();
        }
        _exit(0);
    }
    int wrong = 0, status = 0;
    while (waitpid(other, &status, WNOHANG) == 0) {
        const int fd = Tcp();
        wrong += Bind(fd, port + 1) == 0 && listen(fd, 5) == 0 ? 0 : 1;
        close(fd);
    }
    Say("wrong", wrong);
}

/** The system calls of 32-bit programs, by the gate that a 64-bit one has too. */
void Legacy(unsigned port) {
#if defined(__x86_64__)
    const auto call = [](long number, long a, long b, long c) {
        long result = 0;
        asm volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c)
                     : "memory", "r8", "r9", "r10", "r11");
        return static_cast<int>(result);
    };
    auto *at = static_cast<sockaddr_in *>(mmap(nullptr, sizeof(sockaddr_in), PROT_READ | PROT_WRITE,
                                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    *at = Loopback(port + 1);
    const int fd = Tcp();
    Say("bind", -call(361, fd, reinterpret_cast<long>(at), sizeof(*at)));
    Say("listen", -call(363, fd, 5, 0));
    Say("null", -call(361, Tcp(), 0, sizeof(*at)));
    close(fd);
#else
    (void)port;
#endif
}

/** For ever: listens on one of `count` ports after the other and closes it. */
[[noreturn]] void ComeAndGo(unsigned first, unsigned count) {
    for (unsigned i = 0;; i++) {
        const int fd = Tcp();
        if (Bind(fd, first + i % count) == 0)
            listen(fd, 1);
        close(fd);
        if (i == std::min(count / 2, 3000U)) {
            std::printf("goes on\n");
            std::fflush(stdout);
        }
        usleep(500); // the test reads the events of each
    }
}

void Churn(unsigned) {
    ComeAndGo(4000, 28'000);
}

/** Its listening socket becomes a connection that lingers for an hour; then it closes that. */
void Linger(unsigned port) {
    const int reader = Tcp();
    if (Bind(reader, 0) != 0 || listen(reader, 5) != 0)
        return;
    sockaddr_in peer = {};
    socklen_t length = sizeof(peer);
    getsockname(reader, reinterpret_cast<sockaddr *>(&peer), &length);
    const int fd = Tcp();
    if (Bind(fd, port + 1) != 0 || listen(fd, 5) != 0)
        return;
    int connected = -1;
    for (int i = 0; i < 10'000 && connected != 0; i++) {
        shutdown(fd, SHUT_RDWR);
        connected = connect(fd, reinterpret_cast<const sockaddr *>(&peer), length);
    }
    const std::string data(1 << 16, 'x');
    while (send(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
    const linger wait = {1, 3600};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &wait, sizeof(wait));
    std::printf("connected=%d\n", connected);
    close(fd);
}

/** 60 processes with as many descriptors as the limit allows, 20,000 at most. */
void Descriptors(unsigned port) {
    constexpr rlim_t MOST = 20'000;
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min(limit.rlim_max, MOST);
    setrlimit(RLIMIT_NOFILE, &limit);
    unsigned count = 0;
    while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
        count++;
    for (int i = 0; i < 60; i++)
        if (fork() == 0)
            for (;;)
                pause();
    for (int fd = 100; fd < 200; fd++)
        close(fd);
    std::printf("60 processes with %u descriptors\n", count);
    ComeAndGo(port + 1, 2);
}

constexpr struct {
    const char *name;
    void (*act)(unsigned port);
} ACTS[] = {
    {"pointers", BadPointers},
    {"packet", Packet},
    {"storm", Storm},
    {"ports", ManyPorts},
    {"exec", Exec},
    {"close", Close},
    {"race", Race},
    {"shutdown", Shutdown},
    {"signals", Signals},
    {"die", Die},
    {"stop", Stop},
    {"legacy", Legacy},
    {"churn", Churn},
    {"descriptors", Descriptors},
    {"linger", Linger},
};

void Serve(unsigned port, const char *slot) {
    const int fd = Tcp();
    if (Bind(fd, port) != 0 || listen(fd, 16) != 0) {
        std::perror("hostile: cannot serve");
        std::exit(1);
    }
    for (;;) {
        const int client = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0)
            continue;
        const std::string line = std::string("slot=") + slot + "\n";
        (void)!write(client, line.data(), line.size());
        close(client);
    }
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    const auto port = static_cast<unsigned>(std::atoi(argv[2]));
    const char *slot = std::getenv("CLUSTERIZE_SLOT");
    if (slot != nullptr && std::strcmp(slot, "0") == 0) {
        for (const auto &row : ACTS)
            if (std::strcmp(row.name, argv[1]) == 0)
                row.act(port);
        std::printf("done\n");
        std::fflush(stdout);
    }
    Serve(port, slot != nullptr ? slot : "");
}

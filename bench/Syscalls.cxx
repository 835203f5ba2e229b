/**
 * How many system calls a second this process gets done. It waits for its turns, so that two of them, one bare and
 * one below clusterize, are asked alternately: each word that it reads is a turn, and answered with a line.
 *
 *     syscalls [filter]
 *
 * `getpid`: the calls a second of a loop of getpid(2). `accept`: the rounds a second of a loop that connects to its
 * own port of the loopback, accepts, and closes both ends.
 *
 * With `filter` below a seccomp filter of one instruction that allows all: what having any filter costs, as each
 * program in a container has one.
 */

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

[[noreturn]] void Fail(const char *what) {
    std::fprintf(stderr, "syscalls: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

void InstallFilter() {
    sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    const sock_fprog program = {1, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) !=
            0)
        Fail("seccomp");
}

double Seconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

sockaddr *Generic(sockaddr_in &address) {
    return reinterpret_cast<sockaddr *>(&address);
}

int Listen(sockaddr_in &address) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (fd < 0 || bind(fd, Generic(address), length) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, Generic(address), &length) < 0)
        Fail("a socket to listen on");
    return fd;
}

void Accept(int listener, sockaddr_in &address) {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    // Reset at close: no port is left in TIME_WAIT, of which so many rounds would have too few.
    const linger reset = {1, 0};
    if (client < 0 || setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) < 0 ||
        connect(client, Generic(address), sizeof address) < 0)
        Fail("connect");
    const int server = accept(listener, nullptr, nullptr);
    if (server < 0)
        Fail("accept");
    close(client);
    close(server);
}

template <typename Call> double PerSecond(int count, Call call) {
    const double start = Seconds();
    for (int i = 0; i < count; ++i)
        call();
    return count / (Seconds() - start);
}

} // namespace

int main(int argc, char **argv) {
    if (argc > 1 && std::strcmp(argv[1], "filter") == 0)
        InstallFilter();
    // Some milliseconds a turn: little comes in between, and the clock does not count.
    constexpr int GETPIDS = 50000, ACCEPTS = 300;
    sockaddr_in address{};
    const int listener = Listen(address);
    char word[16];
    while (std::scanf("%15s", word) == 1) {
        const bool getpids = std::strcmp(word, "getpid") == 0;
        const double rate = getpids ? PerSecond(GETPIDS, [] { syscall(SYS_getpid); })
                                    : PerSecond(ACCEPTS, [&] { Accept(listener, address); });
        std::printf("%.0f\n", rate);
        std::fflush(stdout);
    }
    return 0;
}

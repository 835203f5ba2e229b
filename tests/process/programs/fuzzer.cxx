// A worker that does at random what programs do with sockets, from eight threads, and compares the
// answers with what it knows.
//
//     fuzzer SECONDS SEED OWN-DIRECTORY FOREIGN-DIRECTORY SETUID-PROGRAM PORT TAKEN-PORT
//
// Slot 0 does that. It has ports from PORT on; TAKEN-PORT is another program's. It writes a line
// "wrong: …" for each answer that no kernel would give, and "done acts=N" at the end. Slot 1 binds
// one port again and again and writes "probe binds=N worst=MICROSECONDS" at the end. Both end with
// TERM.

#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <pthread.h>
#include <random>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

const char *own_directory, *foreign_directory, *setuid_program;
unsigned first_port, taken_port;
Clock::time_point end;
std::atomic<unsigned long> acts{0};

void Say(const std::string &line) {
    const std::string whole = line + "\n";
    (void)!write(STDOUT_FILENO, whole.data(), whole.size());
}

int BindTcp(int fd, unsigned port, in_addr_t host) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(host);
    return bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address);
}

int BindPath(int fd, const char *path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address);
}

unsigned PortOf(int fd) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr *>(&address), &length);
    return ntohs(address.sin_port);
}

void *ExecuteSetuid(void *) {
    char *const argv[] = {const_cast<char *>(setuid_program), nullptr};
    execv(setuid_program, argv);
    return nullptr;
}

class Fuzzer {
    struct Socket {
        int fd;
        unsigned port; // 0: not bound
        bool listens;
    };

    std::minstd_rand random;
    const unsigned number;
    std::vector<Socket> sockets;

    unsigned Random(unsigned below) { return static_cast<unsigned>(random() % below); }

    bool HasListener(unsigned port) const {
        for (const Socket &socket : sockets)
            if (socket.port == port && socket.listens)
                return true;
        return false;
    }

    void Open() {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        if (fd < 0)
            return;
        if (Random(2) == 0)
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockets.push_back({fd, 0, false});
    }

    /** Each thread has four ports of its own; all share four more. */
    void Bind(Socket &socket) {
        const unsigned port =
            first_port + (Random(4) != 0 ? 4 * number + Random(4) : 32 + Random(4));
        const bool is_taken = HasListener(port);
        const int result = BindTcp(socket.fd, port, INADDR_LOOPBACK);
        if (result != 0)
            return;
        if (is_taken)
            Say("wrong: a port was bound beside a listener of the same thread");
        if (socket.port != 0)
            Say("wrong: a socket was bound twice");
        if (PortOf(socket.fd) != port)
            Say("wrong: the port is another one");
        socket.port = port;
    }

    void BindTaken() {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        if (Random(2) == 0)
            setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        if (BindTcp(fd, taken_port, Random(2) == 0 ? INADDR_ANY : INADDR_LOOPBACK) == 0)
            Say("wrong: a port of another program was bound");
        close(fd);
    }

    void Path() {
        const bool own = Random(3) != 0;
        const std::string path = std::string(own ? own_directory : foreign_directory) + "/" +
                                 std::to_string(Random(6)) + ".sock";
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (own && Random(2) == 0)
            unlink(path.c_str());
        const int result = BindPath(fd, path.c_str());
        if (result == 0 && !own)
            Say("wrong: a path was bound in a directory of root's");
        if (result == 0 && Random(2) == 0)
            listen(fd, 4);
        close(fd);
    }

    /** The main thread binds a path of root's while another one becomes a set-user-ID program,
     *  which takes over its number. */
    void Fork() {
        const unsigned what = Random(3);
        const pid_t pid = fork();
        if (pid != 0)
            return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(5);
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        const std::string path = std::string(foreign_directory) + "/raced.sock";
        if (what == 0) {
            pthread_t thread;
            pthread_create(&thread, nullptr, ExecuteSetuid, nullptr);
            BindPath(fd, path.c_str());
            pthread_join(thread, nullptr);
        } else if (what == 1) {
            (void)!setuid(getuid());
            (void)!setuid(0);
            BindPath(fd, path.c_str());
            ExecuteSetuid(nullptr);
        } else if (!sockets.empty()) {
            listen(sockets[Random(static_cast<unsigned>(sockets.size()))].fd, 4);
        }
        _exit(0);
    }

    void Act() {
        acts++;
        const unsigned what = Random(20);
        if (sockets.size() < 4 || (what < 4 && sockets.size() < 12)) {
            Open();
            return;
        }
        const unsigned which = Random(static_cast<unsigned>(sockets.size()));
        Socket &socket = sockets[which];
        if (what < 9) {
            Bind(socket);
        } else if (what < 13) {
            socket.listens = (listen(socket.fd, 4) == 0 && socket.port != 0) || socket.listens;
        } else if (what < 16) {
            close(socket.fd);
            sockets.erase(sockets.begin() + which);
        } else if (what == 16) {
            BindTaken();
        } else if (what < 19) {
            Path();
        } else {
            Fork();
        }
    }

public:
    Fuzzer(unsigned seed, unsigned number_) : random(seed), number(number_) {}

    /** Some acts; then the thread exits. */
    void Run() {
        for (int i = 0; i < 500 && Clock::now() < end; i++)
            Act();
        for (const Socket &socket : sockets)
            close(socket.fd);
    }
};

void Probe(unsigned port) {
    unsigned long count = 0;
    Clock::duration worst{0};
    while (Clock::now() < end) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto begin = Clock::now();
        if (BindTcp(fd, port, INADDR_LOOPBACK) != 0)
            Say("wrong: the probe cannot bind: " + std::string(strerrorname_np(errno)));
        worst = std::max(worst, Clock::now() - begin);
        close(fd);
        count++;
        usleep(2000);
    }
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(worst).count();
    Say("probe binds=" + std::to_string(count) + " worst=" + std::to_string(time));
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 8)
        return 90;
    end = Clock::now() + std::chrono::seconds(std::atoi(argv[1]));
    const auto seed = static_cast<unsigned>(std::atoi(argv[2]));
    own_directory = argv[3];
    foreign_directory = argv[4];
    setuid_program = argv[5];
    first_port = static_cast<unsigned>(std::atoi(argv[6]));
    taken_port = static_cast<unsigned>(std::atoi(argv[7]));
    signal(SIGCHLD, SIG_IGN);
    const char *slot = std::getenv("CLUSTERIZE_SLOT");
    if (slot == nullptr || std::strcmp(slot, "0") != 0) {
        Probe(first_port + 40);
    } else {
        std::vector<std::thread> threads;
        for (unsigned number = 0; number < 8; number++)
            threads.emplace_back([seed, number] {
                for (unsigned life = 0; Clock::now() < end; life++)
                    std::thread([=] { Fuzzer(seed + 100 * life + number, number).Run(); }).join();
            });
        for (std::thread &thread : threads)
            thread.join();
        Say("done acts=" + std::to_string(acts));
    }
    for (;;)
        pause();
}

// Says something to NOTIFY_SOCKET, then becomes another program.
//
//     notify [--when FILE] [--as WHO] TEXT [COMMAND…]
//
// TEXT is sent as it is, newlines included. With --when FILE not before that exists. Then COMMAND is
// executed; without one it ends with 0. --as says who sends:
//
//     self        the process itself
//     child       a child that stays
//     orphan      a process with a session of its own that stays and whose parent has ended
//     stays       the process itself, which then waits for a signal that ends it
//
// It ends with 95 where nothing can be sent.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

void Send(const std::string &text) {
    const char *name = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address = {};
    if (name == nullptr || std::strlen(name) >= sizeof(address.sun_path))
        _exit(95);
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, name);
    socklen_t length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name) + 1);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
        length--;
    }
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sendto(fd, text.data(), text.size(), 0, reinterpret_cast<const sockaddr *>(&address),
               length) < 0)
        _exit(95);
    close(fd);
}

[[noreturn]] void Stay() {
    for (;;)
        pause();
}

/** A child that stays says it, or, with a session of its own, a child of that child, which ends. */
void SendFromOther(const std::string &text, bool orphan) {
    int sent[2];
    if (pipe2(sent, O_CLOEXEC) != 0)
        _exit(95);
    const pid_t first = fork();
    if (first == 0) {
        if (orphan) {
            setsid();
            const pid_t middle = getpid();
            if (fork() != 0)
                _exit(0);
            const timespec pause{0, 1'000'000};
            while (getppid() == middle)
                nanosleep(&pause, nullptr);
        }
        Send(text);
        close(sent[1]);
        Stay();
    }
    close(sent[1]);
    char byte = 0;
    (void)!read(sent[0], &byte, 1); // its end: it is sent
    close(sent[0]);
    if (orphan)
        waitpid(first, nullptr, 0);
}

} // namespace

int main(int argc, char **argv) {
    std::string who = "self";
    const char *file = nullptr;
    int i = 1;
    for (; i + 1 < argc && std::strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (std::strcmp(argv[i], "--when") == 0)
            file = argv[i + 1];
        else
            who = argv[i + 1];
    }
    if (i >= argc)
        return 95;
    const timespec pause{0, 5'000'000};
    while (file != nullptr && access(file, F_OK) != 0)
        nanosleep(&pause, nullptr);
    if (who == "child" || who == "orphan")
        SendFromOther(argv[i], who == "orphan");
    else
        Send(argv[i]);
    if (who == "stays")
        Stay();
    if (i + 1 == argc)
        return 0;
    execvp(argv[i + 1], argv + i + 1);
    return 95;
}

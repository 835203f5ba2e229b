#pragma once

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace harness {

/** A TCP socket whose last close(2) waits this many seconds: it has unsent data and SO_LINGER, and
 *  its other side does not read. */
class Lingering {
public:
    explicit Lingering(int seconds) {
        const int listener = Socket(), small = 4096;
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto *const name = reinterpret_cast<sockaddr *>(&address);
        (void)bind(listener, name, length);
        (void)listen(listener, 1);
        (void)getsockname(listener, name, &length);
        (void)connect(fd, name, length);
        other = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        close(listener);
        static constexpr std::array<char, 65536> JUNK = {};
        while (send(fd, JUNK.data(), JUNK.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
        }
        const linger setting = {1, seconds};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &setting, sizeof setting);
    }
    ~Lingering() {
        Close();
        close(other);
    }

    Lingering(const Lingering &) = delete;
    Lingering &operator=(const Lingering &) = delete;

    int Descriptor() const noexcept { return fd; }

    /** While a copy is under way, which is the last one then. */
    void Close() noexcept {
        if (fd >= 0)
            close(fd);
        fd = -1;
    }

private:
    static int Socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

    int fd = Socket(), other = -1;
};

} // namespace harness

#pragma once

#include "sys/UniqueFd.hxx"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <sys/socket.h>

namespace unit {

/** A TCP socket whose last close(2) waits this many seconds: it has unsent data and SO_LINGER, and
 *  its other side does not read. */
class Lingering {
public:
    explicit Lingering(int seconds) {
        const sys::UniqueFd listener = Socket();
        const int small = 4096;
        setsockopt(listener.Get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto *const name = reinterpret_cast<sockaddr *>(&address);
        (void)bind(listener.Get(), name, length);
        (void)listen(listener.Get(), 1);
        (void)getsockname(listener.Get(), name, &length);
        (void)connect(socket.Get(), name, length);
        other =
            sys::UniqueFd(sys::AdoptTag(), accept4(listener.Get(), nullptr, nullptr, SOCK_CLOEXEC));
        static constexpr std::array<char, 65536> JUNK = {};
        while (send(socket.Get(), JUNK.data(), JUNK.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
        }
        const linger setting = {1, seconds};
        setsockopt(socket.Get(), SOL_SOCKET, SO_LINGER, &setting, sizeof setting);
    }

    int Descriptor() const noexcept { return socket.Get(); }

    /** While a copy is under way, which is the last one then. */
    void Close() const noexcept { socket.Close(); }

private:
    static sys::UniqueFd Socket() {
        return {sys::AdoptTag(), ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    }

    mutable sys::UniqueFd socket = Socket();
    sys::UniqueFd other;
};

} // namespace unit

#pragma once

#include "sys/UniqueFd.hxx"

#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <vector>

namespace sys {

/** Where a unix socket is, in the spelling of NOTIFY_SOCKET: an absolute path, or '@' and a name of the
 *  abstract namespace. */
class UnixAddress {
public:
    /** nullopt: neither of these, or too long. */
    static std::optional<UnixAddress> Parse(std::string_view text) noexcept;

    const sockaddr *Get() const noexcept { return reinterpret_cast<const sockaddr *>(&address); }
    socklen_t Length() const noexcept { return length; }

private:
    sockaddr_un address = {};
    socklen_t length = 0;
};

/** What came, and from whom; the descriptors that came with it are closed with it. */
struct Datagram {
    std::string text;
    bool truncated = false; // it was longer than what was asked for
    pid_t sender = 0; // as the kernel knows it; 0: outside of this PID namespace
    std::vector<UniqueFd> descriptors;
};

enum class Wait : bool { NO, YES };

/** The next datagram or packet of a unix socket, at most `longest` bytes of it; the end of a connection is one without
 *  bytes. nullopt with errno: there is none, or it cannot be received. Descriptors for which there is no number are missing
 *  (unix(7)). */
std::optional<Datagram> ReceiveDatagram(Fd socket, std::size_t longest, Wait wait) noexcept;

/** A unix socket for datagrams. It never waits. */
class UnixDatagram {
public:
    /** Throws std::system_error. */
    UnixDatagram();

    /** From now on others can send; the kernel tells who they are. Throws std::system_error. */
    void Bind(const UnixAddress &address);

    /** The next one, at most `longest` bytes of it; nullopt: none waits. */
    std::optional<Datagram> Receive(std::size_t longest) noexcept;

    /** 0, or errno: EAGAIN where the other side's queue is full. */
    int Send(const UnixAddress &to, std::string_view text) noexcept;

    Fd Descriptor() const noexcept { return fd; }

    /** The descriptor is the caller's from now on. */
    UniqueFd Release() noexcept { return std::move(fd); }

private:
    UniqueFd fd;
};

} // namespace sys

#pragma once

#include "harness/Wait.hxx"

#include <string>
#include <vector>

namespace harness {

/** A descriptor and its end. */
class Fd {
    int fd = -1;

public:
    Fd() = default;
    explicit Fd(int fd_) : fd(fd_) {}
    Fd(Fd &&other) noexcept : fd(other.Release()) {}
    Fd &operator=(Fd &&other) noexcept;
    ~Fd() { Close(); }

    int Get() const { return fd; }
    bool IsOpen() const { return fd >= 0; }
    int Release() noexcept;
    void Close() noexcept;
};

/**
 * A port below the range for outgoing connections that nobody uses on TCP and UDP, and that no
 * other test gets while this test program runs.
 */
unsigned FreePort();

/**
 * Addresses are written as for -l: "127.0.0.1:80", "[::1]:80", "udp:127.0.0.1:80", "unix:/path",
 * "unix:@name". A refusal throws std::system_error with its errno.
 */
class Connection {
    Fd fd;
    std::string buffer;
    bool datagrams = false;

public:
    explicit Connection(const std::string &address);

    int Socket() const { return fd.Get(); }

    void Send(const std::string &text);

    /** The next line without its end, or the next datagram. Throws at end of file and in time. */
    std::string Line(Duration patience = PATIENCE);

    /** Everything until the other side closes. */
    std::string Rest(Duration patience = PATIENCE);

    /** Sends a line, reads a line. */
    std::string Ask(const std::string &line, Duration patience = PATIENCE);

    /** Nothing came within the time and the connection is open. */
    bool IsQuiet(Duration time);
};

/** One connection, one line, one reply. */
std::string Ask(const std::string &address, const std::string &line);

/** As Ask, again and again until there is an answer; for a server that is about to listen. */
std::string AskUntilAnswered(const std::string &address, const std::string &line);

/** A connection is refused (or a unix path is not there). */
bool IsRefused(const std::string &address);

/** A listening socket of the test itself, CLOEXEC. */
Fd ListenOn(const std::string &address, bool reuse_address = false);

/** The port that a socket is bound to. */
unsigned PortOf(int socket);

struct HttpReply {
    int status = 0;
    std::string head, body;
};

/** One GET with `Connection: close`. */
HttpReply HttpGet(const std::string &address, const std::string &path = "/");

} // namespace harness

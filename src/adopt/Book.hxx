#pragma once

#include "adopt/Handed.hxx"
#include "net/ListenerTable.hxx"
#include "sys/ProcessIds.hxx"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace adopt {

/** What is known of one socket of a worker. */
struct KnownSocket {
    enum class Kind : std::uint8_t {
        PRIVATE, // the worker's own: options were recorded, or it is bound to port 0
        OWN, // the worker's own, and it stays so: the kernel answers for it
        EXCLUSIVE, // opened for it, and its own
        PLACEHOLDER, // opened for it, bound where it asked for; a seat takes its place at listen
        SEAT, // a seat that it got by a bind or a listen
    };

    Kind kind = Kind::PRIVATE;
    net::Endpoint at; // where it asked to be; no family: nowhere yet
    net::Listener *listener = nullptr; // of a SEAT; borrowed
    std::optional<bool> v6only; // what it said of IPV6_V6ONLY
    bool reuse_port = false;
    bool reuse_address = true; // as servers say; unknown counts as true
    std::vector<net::SocketOption> options; // to set again on what replaces it
    std::optional<sys::ProcessIds> maker; // of a PLACEHOLDER: who has bound it
    std::uint64_t became = 0; // of a PLACEHOLDER: the socket that took its place in a process
    std::vector<Handed::Exception> exceptions; // of a SEAT: it is there by a bind(2) after all
    bool told = false; // the call that made it what it is has returned
    std::uint64_t since = 0; // for Book: rises
};

/** The sockets of one worker, by inode number. An inode number is used again only after 2^32
 *  others. */
class Book {
public:
    KnownSocket *Find(std::uint64_t inode) noexcept;

    /** A new one where there is none. The least recent ones are forgotten beyond MOST. */
    KnownSocket &Make(std::uint64_t inode);
    void Forget(std::uint64_t inode) noexcept { sockets.erase(inode); }

    /** The listener is about to go. */
    void Forget(const net::Listener &listener) noexcept;

    /** Which of them lie where this one may not listen: sockets that listen there, unless both have
     *  SO_REUSEPORT. `wanted` names where it asks to be, and its options. */
    std::vector<std::uint64_t> InTheWayOfListening(const KnownSocket &wanted) const;

    /** Which of them lie where this one may not be bound: the same, and sockets that are only
     *  bound, unless both have SO_REUSEADDR or both have SO_REUSEPORT. */
    std::vector<std::uint64_t> InTheWayOfBinding(const KnownSocket &wanted) const;

    std::vector<std::uint64_t> Inodes() const;

    /** What is made from now on has at least this `since`. */
    std::uint64_t Now() const noexcept { return count; }
    std::size_t Size() const noexcept { return sockets.size(); }
    static constexpr std::size_t MOST = 4096;

private:
    std::unordered_map<std::uint64_t, KnownSocket> sockets;
    std::uint64_t count = 0;
};

/** Would the kernel refuse two sockets, of which one listens, at these addresses? See bind(2),
 *  ipv6(7). */
bool Overlap(const net::Endpoint &one, const net::Endpoint &other) noexcept;

} // namespace adopt

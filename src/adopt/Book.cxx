#include "adopt/Book.hxx"
#include "net/NamesFile.hxx"

#include <algorithm>

namespace adopt {

KnownSocket *Book::Find(std::uint64_t inode) noexcept {
    const auto found = sockets.find(inode);
    return found != sockets.end() ? &found->second : nullptr;
}

KnownSocket &Book::Make(std::uint64_t inode) {
    if (sockets.size() >= MOST && !sockets.contains(inode)) {
        // Rarely, and then for many at once: a program that has opened so many has closed most of
        // them.
        const std::uint64_t old = count - std::min<std::uint64_t>(count, MOST / 2);
        std::erase_if(sockets, [old](const auto &entry) { return entry.second.since < old; });
    }
    KnownSocket &socket = sockets[inode];
    socket.since = count++;
    return socket;
}

void Book::Forget(const net::Listener &listener) noexcept {
    std::erase_if(sockets,
                  [&listener](const auto &entry) { return entry.second.listener == &listener; });
}

std::vector<std::uint64_t> Book::Inodes() const {
    std::vector<std::uint64_t> inodes;
    for (const auto &[inode, socket] : sockets)
        inodes.push_back(inode);
    return inodes;
}

std::vector<std::uint64_t> Book::InTheWayOfListening(const KnownSocket &wanted) const {
    std::vector<std::uint64_t> found;
    for (const auto &[inode, socket] : sockets)
        if (socket.kind == KnownSocket::Kind::SEAT && !(wanted.reuse_port && socket.reuse_port) &&
            Overlap(socket.at, wanted.at))
            found.push_back(inode);
    return found;
}

std::vector<std::uint64_t> Book::InTheWayOfBinding(const KnownSocket &wanted) const {
    std::vector<std::uint64_t> found = InTheWayOfListening(wanted);
    for (const auto &[inode, socket] : sockets) {
        const bool is_bound = socket.kind == KnownSocket::Kind::PLACEHOLDER ||
                              socket.kind == KnownSocket::Kind::EXCLUSIVE;
        if (is_bound && !(wanted.reuse_port && socket.reuse_port) &&
            !(wanted.reuse_address && socket.reuse_address) && Overlap(socket.at, wanted.at))
            found.push_back(inode);
    }
    return found;
}

bool Overlap(const net::Endpoint &one, const net::Endpoint &other) noexcept {
    if (one.type != other.type || one.address.Port() != other.address.Port())
        return false;
    if (one.address.Family() == AF_UNIX) // of a path the file decides, which may be unlinked
        return one.address == other.address && !net::NamesFile(one.address);
    if (one.address.Family() != other.address.Family()) {
        const bool first = one.address.Family() == AF_INET6;
        const net::Endpoint &v6 = first ? one : other;
        const net::Address &v4 = first ? other.address : one.address;
        return v6.both_families ||
               (v6.address.IsV4Mapped() && (v4.IsWildcard() || v6.address.Unmapped() == v4));
    }
    return one.address.Host() == other.address.Host() || one.address.IsWildcard() ||
           other.address.IsWildcard();
}

} // namespace adopt

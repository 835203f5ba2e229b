#pragma once

#include "net/ListenSpec.hxx"
#include "sys/OtherProcess.hxx"

#include <optional>
#include <string_view>

namespace adopt {

/** What kind of socket a protocol of the kernel is (/proc/net/protocols, `system.sockprotoname` of
 *  sockfs(5)); nullopt for those that are never adopted. */
struct SocketKind {
    int family, type, protocol; // protocol as in net::Endpoint
};

std::optional<SocketKind> FindKind(std::string_view protocol) noexcept;

/** Reads the address of a bind(2) call. An empty one, and error 0, where it is none that a socket of this kind
 *  can be bound to: the kernel says what is wrong with it.
 *  EFAULT: there is nothing to read; EPERM: it may not be read. */
struct ReadAddress {
    std::optional<net::Address> address;
    int error = 0;
};

ReadAddress ReadBindAddress(sys::OtherProcess &caller, std::uint64_t place, std::uint64_t length);

} // namespace adopt

#include "adopt/SocketKind.hxx"
#include "util/Table.hxx"

#include <algorithm>
#include <array>
#include <netinet/in.h>

namespace adopt {

namespace {

struct KindRow {
    std::string_view name;
    SocketKind kind;
};

constexpr std::array<KindRow, 7> KINDS = {{
    {"TCP", {AF_INET, SOCK_STREAM, 0}},
    {"TCPv6", {AF_INET6, SOCK_STREAM, 0}},
    {"MPTCP", {AF_INET, SOCK_STREAM, IPPROTO_MPTCP}},
    {"MPTCPv6", {AF_INET6, SOCK_STREAM, IPPROTO_MPTCP}},
    {"UDP", {AF_INET, SOCK_DGRAM, 0}},
    {"UDPv6", {AF_INET6, SOCK_DGRAM, 0}},
    {"UNIX-STREAM", {AF_UNIX, SOCK_STREAM, 0}},
}};

static_assert(util::NamesAreUnique(KINDS));

} // namespace

std::optional<SocketKind> FindKind(std::string_view protocol) noexcept {
    const KindRow *row = util::FindRow(KINDS, protocol);
    return row != nullptr ? std::optional(row->kind) : std::nullopt;
}

ReadAddress ReadBindAddress(sys::OtherProcess &caller, std::uint64_t place, std::uint64_t length) {
    // The kernel takes an int and refuses what does not fit into a sockaddr_storage (move_addr_to_kernel).
    const auto size = static_cast<int>(static_cast<std::uint32_t>(length));
    sockaddr_storage storage = {};
    if (size < static_cast<int>(sizeof(sa_family_t)) || size > static_cast<int>(sizeof(storage)))
        return {};
    const auto bytes = std::as_writable_bytes(std::span(&storage, 1));
    const int error = caller.ReadMemory(place, bytes.first(static_cast<std::size_t>(size)));
    if (error != 0)
        return {std::nullopt, error};
    return {net::Address::FromKernel(storage, static_cast<socklen_t>(size)), 0};
}

} // namespace adopt

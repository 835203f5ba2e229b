#pragma once

#include "net/ListenSpec.hxx"

#include <optional>

namespace net {

/** What corresponds to an address in the other family, where IPv4 clients of the one reach the other too;
 *  nullopt where nothing does. The port, type and protocol stay.
 *
 *      [::] for both families  AF_INET   0.0.0.0
 *      [::ffff:192.0.2.7]      AF_INET   192.0.2.7
 *      0.0.0.0                 AF_INET6  [::] for both families
 *      192.0.2.7               AF_INET6  [::ffff:192.0.2.7]
 *
 *  Where both sockets of a row listen the kernel prefers the AF_INET one for IPv4 clients
 *  (inet_lookup_listener and udp4_lib_lookup, compute_score). */
std::optional<Endpoint> SiblingOf(const Endpoint &at, int family) noexcept;

} // namespace net

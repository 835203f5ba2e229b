#pragma once

#include "adopt/SocketKind.hxx"
#include "sys/UniqueFd.hxx"

#include <vector>

namespace adopt {

/** The options of a socket that are not as they were when it was made, of those that stay with it when it serves or
 *  that accepted connections inherit: see socket(7), ip(7), ipv6(7), tcp(7). What decides about its address, and
 *  O_NONBLOCK, is not among them. Empty where that cannot be told. */
std::vector<net::SocketOption> CopyOptions(sys::Fd socket, const SocketKind &kind);

} // namespace adopt

#pragma once

#include "net/SlotSocket.hxx"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace net {

/** How connections are spread here, and what a better way would need (empty: nothing). */
struct TierReport {
    std::string_view tier;
    std::string lacks;
};

/** Says for one listener which of its slot sockets get new connections. The kernel keeps the sockets
 *  of a group in the order in which they joined; the last one moves into the place of one that left
 *  (net/core/sock_reuseport.c), so an implementation must see every change. */
class Steering {
public:
    virtual ~Steering() = default;

    /** The socket joined its group: after listen(2) for TCP, after bind(2) for UDP. */
    virtual void Joined(const SlotSocket &socket) = 0;

    /** It is about to leave the group, or has left it already, where a worker has called shutdown(2). SetActive()
     *  follows, unless all of them leave. One that is no member is ignored. */
    virtual void Left(const SlotSocket &socket) noexcept = 0;

    /** New connections go to these and no others, from one moment to the next. Never empty. */
    virtual void SetActive(std::span<const SlotSocket *const> active) noexcept = 0;

    /** Does the kernel move what waits in the queue of a socket that leaves the group to the active ones?
     *  Without it that depends on net.ipv4.tcp_migrate_req. */
    virtual bool CanRescue() const noexcept { return false; }

    /** Connections (TCP) or datagrams that it was given, as far as they were counted; empty: unknown. */
    virtual std::optional<std::uint64_t> Given(const SlotSocket &) const noexcept {
        return std::nullopt;
    }

    virtual TierReport Tier() const = 0;
};

/** A `--balance` policy: makes the steering of each listener. */
class SteeringPolicy {
public:
    virtual ~SteeringPolicy() = default;

    /** Is there to be a socket for each slot (a reuseport group), or one that all accept from? The answer stays the
     *  same. */
    virtual bool WantsSlotSockets() const = 0;

    /** For a listener of this socket type; `group`: whether it has slot sockets. */
    virtual std::unique_ptr<Steering> Steer(int type, bool group) const = 0;
};

} // namespace net

#pragma once

#include "net/ListenSpec.hxx"
#include "net/Seat.hxx"
#include "util/BoundMethod.hxx"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace net {

/** How connections are spread here, and what a better way would need (empty: nothing). */
struct TierReport {
    std::string_view tier;
    std::string lacks;
};

/** Tells the kernel for one listener which of its seats get new connections. The kernel keeps the
 *  sockets of a group in the order in which they joined; the last one moves into the place of one
 *  that left (net/core/sock_reuseport.c), so an implementation must see every change. Sockets join
 *  and leave at any time. */
class Steering {
public:
    virtual ~Steering() = default;

    /** Calls it if Keeps() has changed since the last SetActive(). */
    void OnChange(util::BoundMethod<void()> _on_change) noexcept { on_change = _on_change; }

    /** The socket joined its group: after listen(2) for TCP, after bind(2) for UDP. */
    virtual void Joined(const Seat &seat) = 0;

    /** It is about to leave the group, or has left it already, where a worker has called
     *  shutdown(2). SetActive() follows, unless all of them leave. One that is no member is
     *  ignored. */
    virtual void Left(const Seat &seat) noexcept = 0;

    /** New connections go to these and no others, from one moment to the next. Never empty. */
    virtual void SetActive(std::span<const Seat *const> active) noexcept = 0;

    /** Does an active seat keep up with its connections? ACTIVE, or BEHIND or BUSY: then others get
     *  them. */
    virtual Standing Keeps(const Seat &) const noexcept { return Standing::ACTIVE; }

    /** Does the kernel move what waits in the queue of a socket that leaves the group to the active
     *  ones? Without it that depends on net.ipv4.tcp_migrate_req. */
    virtual bool CanRescue() const noexcept { return false; }

    /** Connections (TCP) or datagrams that it was given, as far as they were counted; empty:
     *  unknown. */
    virtual std::optional<std::uint64_t> Given(const Seat &) const noexcept { return std::nullopt; }

    /** Its state in the kernel, for one that is made in its place. */
    struct Description {
        /** By descriptor. The group keeps the program as long as it has a member. */
        struct Program {
            int program = -1, sockets = -1, state = -1;
            bool reads_queues = false, migrates = false;

            friend bool operator==(const Program &, const Program &) noexcept = default;
        };

        /** The members of the group in the kernel's order, by their indices; empty without a
         *  group. */
        std::vector<unsigned> order;

        /** Empty: the group has a classic one, which is attached again, or none. */
        std::optional<Program> program;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    virtual Description Describe() const { return {}; }

    /** Goes on from there, in place of Joined(). It owns the descriptors from now on. SetActive()
     *  follows. */
    virtual void Resume(const Description &made, const std::deque<Seat> &seats) {
        for (const unsigned index : made.order)
            Joined(seats.at(index));
    }

    virtual TierReport Tier() const = 0;

protected:
    void Changed() const noexcept {
        if (on_change)
            on_change();
    }

private:
    util::BoundMethod<void()> on_change; // or nothing
};

/** A `--balance` policy: makes the steering of each listener. */
class SteeringPolicy {
public:
    virtual ~SteeringPolicy() = default;

    /** Is there to be a socket for each seat (a reuseport group), or one that all accept from? The
     *  answer stays the same. */
    virtual bool WantsGroup() const = 0;

    /** For the listener of the spec, which is borrowed and has the real port when the first socket
     *  joins; `group`: whether it has a socket for each seat. */
    virtual std::unique_ptr<Steering> Steer(const ListenSpec &spec, bool group) const = 0;
};

} // namespace net

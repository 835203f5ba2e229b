#pragma once

#include "net/Steering.hxx"
#include "util/BoundMethod.hxx"

#include <array>
#include <memory>
#include <string_view>
#include <sys/types.h>

namespace loop {
class Loop;
}

namespace balance {

/** What a policy needs of the launcher; all is borrowed. */
struct Hooks {
    loop::Loop &loop;
    util::BoundMethod<void(pid_t)> forked; // a child was started, which the launcher reaps
    util::BoundMethod<void(const net::Steering &)> settled; // Tier() has changed after the start
};

struct PolicyRow {
    std::string_view name, help;
    std::unique_ptr<net::SteeringPolicy> (*make)(const Hooks &hooks);

    /** How a listener of this socket type that can have a socket for each seat will be steered
     *  here, as far as that is known without one. May take a tenth of a second: what must be tried
     *  is tried. */
    net::TierReport (*foresee)(int type);
};

/** What `--balance` can name; the first is the default. */
extern const std::array<PolicyRow, 3> POLICIES;

/** The tier of a listener that has one socket for all seats, whatever the policy. */
inline constexpr std::string_view SHARED_QUEUE = "shared queue";

} // namespace balance

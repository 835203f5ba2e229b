#include "balance/Policies.hxx"
#include "balance/RandomSteering.hxx"
#include "balance/RoundRobinSteering.hxx"
#include "balance/SharedSteering.hxx"
#include "util/Table.hxx"

#include <optional>
#include <sys/socket.h>

namespace balance {

namespace {

class RoundRobinPolicy final : public net::SteeringPolicy {
public:
    explicit RoundRobinPolicy(const Hooks &_hooks) : hooks(_hooks) {}

    bool WantsSlotSockets() const noexcept override { return true; }

    std::unique_ptr<net::Steering> Steer(int type, bool group) const override {
        if (!group)
            return std::make_unique<SharedSteering>();
        if (!loader)
            loader.emplace(hooks.loop, hooks.forked);
        return std::make_unique<RoundRobinSteering>(type, hooks.loop, *loader, hooks.settled);
    }

private:
    const Hooks hooks;
    mutable std::optional<Loader> loader; // there from the first group on
};

class RandomPolicy final : public net::SteeringPolicy {
public:
    bool WantsSlotSockets() const noexcept override { return true; }

    std::unique_ptr<net::Steering> Steer(int type, bool group) const override {
        if (!group) // a unix path, an inherited socket, one worker
            return std::make_unique<SharedSteering>();
        return std::make_unique<RandomSteering>(type == SOCK_DGRAM ? Choice::FLOW : Choice::RANDOM);
    }
};

class NonePolicy final : public net::SteeringPolicy {
public:
    bool WantsSlotSockets() const noexcept override { return false; }

    std::unique_ptr<net::Steering> Steer(int, bool) const override {
        return std::make_unique<SharedSteering>();
    }
};

template <typename Policy> std::unique_ptr<net::SteeringPolicy> Make(const Hooks &) {
    return std::make_unique<Policy>();
}

std::unique_ptr<net::SteeringPolicy> MakeRoundRobin(const Hooks &hooks) {
    return std::make_unique<RoundRobinPolicy>(hooks);
}

net::TierReport ForeseeClassic(int) {
    return {CLASSIC_BPF, ""};
}

net::TierReport ForeseeShared(int) {
    return {SHARED_QUEUE, ""};
}

} // namespace

constexpr std::array<PolicyRow, 3> POLICIES = {{
    {"rr", "a socket for each worker, connections in turn, past workers that are busy (default)",
     MakeRoundRobin, ForeseeRoundRobin},
    {"random", "a socket for each worker, connections at random over those that serve",
     Make<RandomPolicy>, ForeseeClassic},
    {"none", "one socket that all workers accept from", Make<NonePolicy>, ForeseeShared},
}};

static_assert(util::NamesAreUnique(POLICIES));

} // namespace balance

#include "balance/Policies.hxx"
#include "balance/RandomSteering.hxx"
#include "balance/RoundRobinSteering.hxx"
#include "balance/SharedSteering.hxx"
#include "sys/Error.hxx"
#include "util/Table.hxx"

#include <optional>
#include <string>
#include <sys/socket.h>
#include <utility>

namespace balance {

namespace {

/** What a group of sockets needs here and has not; empty: nothing. Without a program the kernel
 *  would choose among all seats, also those without a worker, which one shared socket does not. */
std::string LackOfGroup() {
    const int refusal = TryClassic();
    return refusal == 0 ? "" : "the kernel takes no classic BPF: " + sys::ErrnoText(refusal);
}

/** A socket for each seat, where the kernel can be told which of them is ready. */
class GroupPolicy : public net::SteeringPolicy {
public:
    bool WantsGroup() const override {
        if (!lacks)
            lacks = LackOfGroup();
        return lacks->empty();
    }

    std::unique_ptr<net::Steering> Steer(const net::ListenSpec &spec, bool group) const final {
        if (!group) // a unix path, an inherited socket, one worker
            return std::make_unique<SharedSteering>(lacks.value_or(""));
        return SteerGroup(spec);
    }

private:
    virtual std::unique_ptr<net::Steering> SteerGroup(const net::ListenSpec &spec) const = 0;

    mutable std::optional<std::string> lacks; // empty: it was not asked yet
};

class RoundRobinPolicy final : public GroupPolicy {
public:
    explicit RoundRobinPolicy(const Hooks &_hooks) : hooks(_hooks) {}

private:
    std::unique_ptr<net::Steering> SteerGroup(const net::ListenSpec &spec) const override {
        if (!loader)
            loader.emplace(hooks.loop, hooks.forked);
        return std::make_unique<RoundRobinSteering>(spec, hooks.loop, *loader, hooks.settled);
    }

    const Hooks hooks;
    mutable std::optional<Loader> loader; // there from the first group on
};

class RandomPolicy final : public GroupPolicy {
    std::unique_ptr<net::Steering> SteerGroup(const net::ListenSpec &spec) const override {
        return std::make_unique<RandomSteering>(spec, spec.at.type == SOCK_DGRAM ? Choice::FLOW
                                                                                 : Choice::RANDOM);
    }
};

class NonePolicy final : public net::SteeringPolicy {
public:
    bool WantsGroup() const override { return false; }

    std::unique_ptr<net::Steering> Steer(const net::ListenSpec &, bool) const override {
        return std::make_unique<SharedSteering>();
    }
};

template <typename Policy> std::unique_ptr<net::SteeringPolicy> Make(const Hooks &) {
    return std::make_unique<Policy>();
}

std::unique_ptr<net::SteeringPolicy> MakeRoundRobin(const Hooks &hooks) {
    return std::make_unique<RoundRobinPolicy>(hooks);
}

net::TierReport ForeseeShared(int) {
    return {SHARED_QUEUE, ""};
}

net::TierReport ForeseeClassic(int) {
    return {CLASSIC_BPF, ""};
}

/** Of a policy that needs groups. */
template <net::TierReport (*Foresee)(int)> net::TierReport ForeseeGroup(int type) {
    if (std::string lacks = LackOfGroup(); !lacks.empty())
        return {SHARED_QUEUE, std::move(lacks)};
    return Foresee(type);
}

} // namespace

constexpr std::array<PolicyRow, 3> POLICIES = {{
    {"rr", "a socket for each worker, connections in turn, past workers that are busy (default)",
     MakeRoundRobin, ForeseeGroup<ForeseeRoundRobin>},
    {"random", "a socket for each worker, connections at random over those that serve",
     Make<RandomPolicy>, ForeseeGroup<ForeseeClassic>},
    {"none", "one socket that all workers accept from", Make<NonePolicy>, ForeseeShared},
}};

static_assert(util::NamesAreUnique(POLICIES));

} // namespace balance

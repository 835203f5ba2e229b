#include "pool/Pool.hxx"

#include <algorithm>

// Where workers listen, and how jobs become a serving cluster by that: Pool::Listening, Pool::BeginServing.

namespace pool {

namespace {

/** Node's word for the kind of address: 4, 6, "udp4", "udp6", -1 for unix sockets. */
report::AddressType AddressTypeOf(const net::Endpoint &at) noexcept {
    if (!at.address.Port())
        return -1;
    const bool v6 = at.address.Family() == AF_INET6;
    if (at.type == SOCK_DGRAM)
        return std::string_view(v6 ? "udp6" : "udp4");
    return v6 ? 6 : 4;
}

report::Listening Describe(const WorkerRef &worker, const net::Endpoint &at, bool adopted) {
    const auto port = at.address.Port();
    return {{{worker.id, worker.slot, worker.generation, worker.pid}},
            at.address.Host(),
            port ? static_cast<int>(*port) : -1,
            AddressTypeOf(at),
            adopted};
}

} // namespace

void Pool::Listening(const WorkerRef &worker, const net::Endpoint &at, bool adopted) noexcept {
    Slot *slot = Find(worker);
    if (slot == nullptr || !HasWorker(slot->GetState()))
        return;
    auto &places = slot->listening;
    if (std::find(places.begin(), places.end(), at) == places.end()) {
        places.push_back(at);
        reporter.Emit(Describe(slot->worker, at, adopted));
    }
    if (adopted && at.type == SOCK_STREAM && at.address.Port())
        BeginServing();
    Ready(worker, Sign::LISTEN);
}

/** They were jobs so far: what they are told to be by an adopted port. */
void Pool::BeginServing() noexcept {
    if (serving || ladder.IsClimbing())
        return;
    serving = true;
    if (on_serving)
        on_serving();
    // Nobody was ready when these ended.
    std::vector<const Slot *> ended;
    for (const Slot &slot : slots)
        if (slot.GetState() == State::FINISHED || slot.GetState() == State::CLEARING)
            ended.push_back(&slot);
    std::sort(ended.begin(), ended.end(),
              [](const Slot *one, const Slot *other) { return one->last.when < other->last.when; });
    if (std::any_of(ended.begin(), ended.end(),
                    [this](const Slot *slot) { return EndsAll(slot->last); }))
        return;
    for (Slot &slot : slots) {
        if (slot.GetState() != State::STARTING)
            continue;
        if (!slot.listening.empty()) // on a unix socket, when that did not matter
            Ready(slot.worker, Sign::LISTEN);
        else if (ready.Timeout().count() != 0)
            slot.Schedule(Trigger::NOT_READY, ready.Timeout());
    }
}

} // namespace pool

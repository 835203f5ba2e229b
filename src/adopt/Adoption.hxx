#pragma once

#include "adopt/Exclusive.hxx"
#include "adopt/Modes.hxx"
#include "loop/Loop.hxx"
#include "net/ListenerTable.hxx"
#include "pool/Agent.hxx"
#include "report/Reporter.hxx"
#include "util/BoundMethod.hxx"

#include <map>
#include <optional>
#include <string>
#include <unordered_set>

namespace adopt {

/** What all workers share: what is to be adopted, the listeners that they have opened, what was said already. Borrows all
 *  that it is given. */
class Adoption {
public:
    Adoption(loop::Loop &_loop, report::Reporter &_reporter, net::ListenerTable &_table,
             pool::Facts &_facts, const Spec &_spec, unsigned _slots,
             util::BoundMethod<void()> _on_change) noexcept
        : loop(_loop), reporter(_reporter), table(_table), facts(_facts), spec(_spec),
          slots(_slots), on_change(_on_change) {}

    /** The listener that was asked for and serves `at`, or its sibling of that family; nullptr: none does, and
     *  the address is as any other. Throws net::OpenError. */
    net::Listener *FindAsked(const net::Endpoint &at);

    /** The listener of the address, which the first worker that listens there opens with what it says. Throws
     *  net::OpenError. */
    net::Listener &FindOrOpen(const net::ListenSpec &wanted);

    /** The listener for a worker's n-th listen(2) without a fixed port, as `asked` says for the first one; nullptr: that port is the
     *  worker's own affair. Throws net::OpenError. */
    net::Listener *FindForPrivate(unsigned nth, const net::ListenSpec &asked);

    /** One info line for each adopted listener. */
    void Announce(const net::Listener &listener);

    /** The listener is about to go. */
    void Forget(const net::Listener &listener) noexcept;

    /** Something has changed after which a listener may be held by nobody. */
    void Changed() noexcept { on_change(); }

    /** What a socket has that says nothing of IPV6_V6ONLY: net.ipv6.bindv6only. */
    bool V6OnlyByDefault();

    /** Once for the cluster: a worker that cannot be read. */
    void WarnOfUnreadable(const std::string &who, int error);

    loop::Loop &loop;
    report::Reporter &reporter;
    net::ListenerTable &table;
    pool::Facts &facts;
    const Spec &spec;
    const unsigned slots;

private:
    net::Listener &Open(const net::ListenSpec &wanted);

    const util::BoundMethod<void()> on_change;
    std::map<unsigned, net::Listener *> random_ports; // with --adopt all: by the how-manieth
    std::unordered_set<const net::Listener *> announced;
    std::optional<bool> v6only_by_default;
    bool warned = false;
};

} // namespace adopt

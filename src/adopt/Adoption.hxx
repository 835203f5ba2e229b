#pragma once

#include "adopt/Exclusive.hxx"
#include "adopt/HeldSearch.hxx"
#include "adopt/Modes.hxx"
#include "adopt/PathQueue.hxx"
#include "adopt/Snapshot.hxx"
#include "loop/Errands.hxx"
#include "net/ListenerTable.hxx"
#include "pool/Agent.hxx"
#include "report/Reporter.hxx"
#include "util/BoundMethod.hxx"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace adopt {

/** What all workers share: what is to be adopted, the listeners that they have opened, what was
 *  logged already. Borrows all that it is given. */
class Adoption {
public:
    struct Callbacks {
        util::BoundMethod<void()> changed; // a listener may be held by nobody now
        util::BoundMethod<void(net::Listener &)> close;
        /** A worker listens there by a call of its own. */
        util::BoundMethod<void(const pool::WorkerRef &, net::Listener &, const Handed &)> listens;
    };

    Adoption(loop::Loop &_loop, loop::Errands &_errands, report::Reporter &_reporter,
             net::ListenerTable &_table, pool::Facts &_facts, const Spec &_spec, unsigned _slots,
             Callbacks _callbacks);

    /** How many workers there are to be. */
    void Resize(unsigned _slots) noexcept { slots = _slots; }

    /** The listener that was asked for and serves `at`, or its sibling of that family; nullptr:
     *  none does, and the address is as any other. Throws net::OpenError. */
    net::Listener *FindAsked(const net::Endpoint &at);

    /** The listener of the address, which the first worker that listens there opens with what it
     *  says. Callers with one uid share it; for others it is in use. Throws net::OpenError. */
    net::Listener &FindOrOpen(const net::ListenSpec &wanted);

    /** May a caller with this uid have the listener? An adopted one belongs to the uid of its
     *  maker, another one, as long as somebody serves it, to the uid of the first caller. */
    bool MayHave(const net::Listener &listener, uid_t uid);

    /** `bound` as in net::ListenerTable. Throws net::OpenError. */
    net::Listener &Open(const net::ListenSpec &wanted, net::BoundPath bound = {});

    /** The listener for a worker's n-th listen(2) without a fixed port, as `asked` says for the
     *  first one; nullptr: that port is the worker's own affair. Throws net::OpenError. */
    net::Listener *FindForPrivate(unsigned nth, const net::ListenSpec &asked);

    /** Adopted listeners beside which the kernel would not let this caller bind. */
    std::vector<net::Listener *> FindInTheWay(const net::ListenSpec &wanted);

    /** A socket of another uid would take connections that are meant for that user. */
    static bool HasSameUser(const net::Listener &listener, const net::ListenSpec &wanted) noexcept;
    std::vector<std::uint64_t> InodesOf(const net::Listener &listener) const;

    /** `held` are the sockets that a worker holds, from a search that began at that Moment(). A
     *  listener that is on its way to a caller, or was put since then, is held, too. */
    bool IsHeld(const net::Listener &listener, const HeldSearch::Inodes &held,
                std::uint64_t began) const;
    std::uint64_t Moment() const noexcept { return moment; }
    void Close(net::Listener &listener) const noexcept { callbacks.close(listener); }

    /** `handed`: descriptors of its socket that do not count. */
    void Listens(const pool::WorkerRef &worker, net::Listener &listener,
                 const Handed &handed) const noexcept {
        callbacks.listens(worker, listener, handed);
    }

    /** Its socket is on the way to a caller, until Placed(). */
    void Placing(const net::Listener &listener) { placing.insert(&listener); }
    void Placed(const net::Listener &listener) noexcept { placing.erase(placing.find(&listener)); }

    /** A worker of that slot has it now. */
    void Used(const net::Listener &listener, unsigned slot);

    /** The slots whose workers have had it. */
    const std::set<unsigned> &SlotsOf(const net::Listener &listener) {
        return uses[&listener].slots;
    }

    /** Does it run in another security domain than the launcher? Then its calls are the kernel's,
     *  so that its domain decides. Warns once. */
    bool IsConfined(const Snapshot &caller, const std::string &who);

    /** Is the launcher itself in a domain, so that others have one, too? */
    bool HasDomain() const noexcept { return !confinement.empty(); }

    /** May only the launcher itself attach to its descendants, and no process of its own (Yama)?
     *  Then it opens the files that an errand reads. */
    bool OpensItself() const noexcept { return opens_itself; }

    /** Every slot was ready. */
    void OnUp() noexcept;

    /** A worker listens there. If the cluster was up before, and nobody was to wait for the
     *  address, one info line names the option. Once for an address, and for MOST_HINTS at most. */
    void HintAtReady(const net::Listener &listener);
    static constexpr std::size_t MOST_HINTS = 64;

    /** A program that opens one port after the other opens the last one a moment after the first
     *  has made it ready. */
    static constexpr std::chrono::milliseconds TOGETHER{250};

    /** One info line for each adopted listener, and not more than MOST_NAMED for one worker: it may
     *  be looking for a free port. Has it got one now? */
    bool Announce(const net::Listener &listener, const pool::WorkerRef &worker);
    static constexpr unsigned MOST_NAMED = 16;

    /** A worker of the slot binds a UDP port by itself, without SO_REUSEPORT. Logs one hint for a
     *  port that another slot has bound, or whose TCP port is served: the second bind fails, or
     *  with SO_REUSEADDR the kernel gives every datagram to the socket bound last. It
     *  remembers the first MOST_NAMED addresses. */
    void HintAtUdp(const net::Endpoint &at, unsigned slot);

    /** The listener is about to go. */
    void Forget(const net::Listener &listener) noexcept;

    /** Something has changed after which a listener may be held by nobody. */
    void Changed() noexcept { callbacks.changed(); }

    /** What a socket has that says nothing of IPV6_V6ONLY: net.ipv6.bindv6only. */
    bool V6OnlyByDefault();

    /** Once for the cluster: a worker that cannot be read. */
    void WarnOfUnreadable(const std::string &who, int error);

    loop::Loop &loop;
    loop::Errands &errands;
    report::Reporter &reporter;
    net::ListenerTable &table;
    pool::Facts &facts;
    const Spec &spec;
    PathQueue paths;

private:
    const Callbacks callbacks;
    unsigned slots;
    const std::string confinement; // the launcher's own
    const bool opens_itself;
    std::map<unsigned, net::Listener *>
        random_ports; // with --adopt all: by the ordinal of the listen
    std::unordered_set<const net::Listener *> announced;
    struct Named {
        unsigned worker = 0; // its id
        unsigned count = 0;
    };
    std::map<unsigned, Named> named; // by slot
    struct Use {
        std::set<unsigned> slots;
        std::uint64_t last = 0; // moment
    };
    std::map<const net::Listener *, Use> uses;
    std::map<const net::Listener *, uid_t> owners; // of those that were asked for
    std::uint64_t moment = 1; // rises with each use
    std::unordered_multiset<const net::Listener *> placing;
    std::map<std::string, unsigned> udp; // by address: the first slot that has bound it
    std::set<unsigned> hinted_udp; // ports
    std::optional<loop::TimePoint> up_since;
    std::set<std::string> hinted_at; // and those that were served when the cluster came up
    std::optional<bool> v6only_by_default;
    bool warned = false, warned_of_confined = false;
};

} // namespace adopt

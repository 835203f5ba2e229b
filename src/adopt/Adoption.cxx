#include "adopt/Adoption.hxx"
#include "adopt/Book.hxx"
#include "net/SocketOwner.hxx"
#include "net/SocketState.hxx"
#include "sys/Error.hxx"
#include "sys/Limits.hxx"
#include "sys/OtherProcess.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace adopt {

namespace {

/** May so many descriptors more be opened? Half of them are left for everything else, so that a
 *  worker that listens everywhere takes nothing from the others. */
bool HasRoomFor(std::size_t descriptors) {
    rlimit limit = {};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
           sys::CountDescriptors() + descriptors <= limit.rlim_cur / 2;
}

/** As options take it. */
std::string NameOf(const net::Endpoint &at) {
    const auto port = at.address.Port();
    if (!port)
        return "unix:" + at.address.ToString();
    return at.type == SOCK_DGRAM ? fmt::format("{}/udp", *port) : std::to_string(*port);
}

} // namespace

Adoption::Adoption(loop::Loop &_loop, loop::Errands &_errands, report::Reporter &_reporter,
                   net::ListenerTable &_table, pool::Facts &_facts, const Spec &_spec,
                   unsigned _slots, Callbacks _callbacks)
    : loop(_loop), errands(_errands), reporter(_reporter), table(_table), facts(_facts),
      spec(_spec), callbacks(_callbacks), slots(_slots),
      confinement(sys::OtherProcess(getpid()).Confinement()),
      opens_itself(sys::OnlyAncestorsMayAttach()) {}

net::Listener *Adoption::FindAsked(const net::Endpoint &at) {
    net::Listener *listener = table.FindAsked(at);
    const int family = at.address.Family();
    if (listener == nullptr || listener->Spec().at.address.Family() == family)
        return listener;
    try {
        return table.Sibling(*listener, family);
    } catch (const net::OpenError &error) {
        if (listener->Spec().source != net::ListenSpec::Source::INHERITED)
            throw;
        // Nobody else can bind beside a socket that others have opened. Most programs do not mind
        // the family.
        return listener;
    }
}

net::Listener &Adoption::FindOrOpen(const net::ListenSpec &wanted) {
    net::Listener *listener = table.Find(wanted.at);
    if (listener == nullptr)
        return Open(wanted);
    if (!HasSameUser(*listener, wanted))
        throw net::OpenError(fmt::format("a process of another user listens on {}", wanted.text),
                             EADDRINUSE);
    return *listener;
}

bool Adoption::MayHave(const net::Listener &listener, uid_t uid) {
    if (listener.Spec().origin == net::ListenSpec::Origin::ADOPTED)
        return net::SocketOwner::Uid(listener.Spec()) == uid;
    const auto owner = owners.try_emplace(&listener, uid).first;
    if (!listener.IsServed())
        owner->second = uid;
    return owner->second == uid;
}

net::Listener &Adoption::Open(const net::ListenSpec &wanted, net::BoundPath bound) {
    // A path has a descriptor of its directory, too.
    if (!HasRoomFor(wanted.at.address.Family() == AF_UNIX ? 2 : slots))
        throw net::OpenError("too many addresses are listened on", EMFILE);
    return table.Open(wanted, std::move(bound));
}

std::vector<net::Listener *> Adoption::FindInTheWay(const net::ListenSpec &wanted) {
    std::vector<net::Listener *> found;
    for (net::Listener &listener : table.Listeners()) {
        const net::ListenSpec &opened = listener.Spec();
        if (opened.origin == net::ListenSpec::Origin::ADOPTED && Overlap(opened.at, wanted.at) &&
            !(opened.at == wanted.at && HasSameUser(listener, wanted)))
            found.push_back(&listener);
    }
    return found;
}

bool Adoption::HasSameUser(const net::Listener &listener, const net::ListenSpec &wanted) noexcept {
    return net::SocketOwner::Uid(listener.Spec()) == net::SocketOwner::Uid(wanted);
}

std::vector<std::uint64_t> Adoption::InodesOf(const net::Listener &listener) const {
    std::vector<std::uint64_t> inodes;
    for (const net::Seat &seat : listener.Seats())
        if (seat.socket.IsDefined())
            inodes.push_back(net::InodeOf(seat.socket));
    return inodes;
}

bool Adoption::IsHeld(const net::Listener &listener, const HeldSearch::Inodes &held,
                      std::uint64_t began) const {
    const auto use = uses.find(&listener);
    if (placing.contains(&listener) || (use != uses.end() && use->second.last > began))
        return true;
    const auto inodes = InodesOf(listener);
    return std::any_of(inodes.begin(), inodes.end(),
                       [&held](std::uint64_t inode) { return held.contains(inode); });
}

void Adoption::Used(const net::Listener &listener, unsigned slot) {
    Use &use = uses[&listener];
    use.slots.insert(slot);
    use.last = ++moment;
}

bool Adoption::IsConfined(const Snapshot &caller, const std::string &who) {
    if (caller.confinement == confinement)
        return false;
    if (!std::exchange(warned_of_confined, true))
        reporter.Say(report::Level::WARN,
                     fmt::format("{} runs in the security domain {}, so its ports stay its own: "
                                 "hand it the port with -p and a contract",
                                 who, util::Quote(util::Trim(caller.confinement))));
    return true;
}

net::Listener *Adoption::FindForPrivate(unsigned nth, const net::ListenSpec &asked) {
    for (const net::Listener &listener : table.Listeners()) {
        if (!listener.Spec().any_port || listener.Spec().at.type != asked.at.type ||
            listener.Spec().origin != net::ListenSpec::Origin::ASKED)
            continue;
        if (nth-- != 0)
            continue;
        net::Endpoint at = asked.at;
        at.address = at.address.WithPort(*listener.Spec().at.address.Port());
        return FindAsked(at);
    }
    if (spec.mode != Mode::ALL || spec.exclusives.HasPort(0))
        return nullptr;
    // `nth` counts those that -p 0 has not taken.
    if (const auto known = random_ports.find(nth); known != random_ports.end()) {
        net::Listener &listener = *known->second;
        if (!HasSameUser(listener, asked))
            return nullptr;
        const int family = asked.at.address.Family();
        return listener.Spec().at.address.Family() == family ? &listener
                                                             : table.Sibling(listener, family);
    }
    return random_ports.emplace(nth, &Open(asked)).first->second;
}

bool Adoption::V6OnlyByDefault() {
    if (!v6only_by_default) {
        const sys::UniqueFd fresh(sys::AdoptTag(), socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
        int value = 0;
        socklen_t length = sizeof(value);
        v6only_by_default =
            fresh.IsDefined() &&
            getsockopt(fresh.Get(), IPPROTO_IPV6, IPV6_V6ONLY, &value, &length) == 0 && value != 0;
    }
    return *v6only_by_default;
}

bool Adoption::Announce(const net::Listener &listener, const pool::WorkerRef &worker) {
    if (!announced.insert(&listener).second)
        return false;
    Named &by_worker = named[worker.slot];
    if (by_worker.worker != worker.id)
        by_worker = {worker.id, 0};
    const unsigned count = ++by_worker.count;
    if (count == MOST_NAMED + 1)
        reporter.Say(report::Level::INFO,
                     fmt::format("worker {} (slot {}) listens on more than {} addresses: further "
                                 "addresses are not logged",
                                 worker.id, worker.slot, MOST_NAMED));
    const auto level = count > MOST_NAMED ? report::Level::DEBUG : report::Level::INFO;
    const net::ListenSpec &opened = listener.Spec();
    const std::string where = opened.at.address.ToString();
    if (slots == 1) {
        reporter.Say(level, fmt::format("{} is served", where));
        return count <= MOST_NAMED;
    }
    const std::string name = opened.any_port ? "0" : NameOf(opened.at);
    reporter.Say(level, fmt::format("{} is shared by {} workers; --exclusive {} gives each its own",
                                    where, slots, name));
    return count <= MOST_NAMED;
}

void Adoption::OnUp() noexcept {
    up_since = loop.Now();
    for (const net::Listener &listener : table.Listeners())
        if (listener.WasServed() && hinted_at.size() < MOST_HINTS)
            hinted_at.insert(NameOf(listener.Spec().at));
}

void Adoption::HintAtReady(const net::Listener &listener) {
    const net::ListenSpec &opened = listener.Spec();
    if (!spec.any_is_ready || !up_since || opened.any_port || hinted_at.size() >= MOST_HINTS)
        return;
    const std::string name = NameOf(opened.at);
    if (!hinted_at.insert(name).second || loop.Now() - *up_since < TOGETHER)
        return;
    reporter.Say(report::Level::INFO,
                 fmt::format("{} appeared after the cluster was up; --ready listen:{} waits for it",
                             opened.at.address.ToString(), name));
}

void Adoption::HintAtUdp(const net::Endpoint &at, unsigned slot) {
    const unsigned port = at.address.Port().value_or(0);
    if (slots == 1 || hinted_udp.contains(port))
        return;
    const std::string address = at.address.ToString();
    // A client that chooses its ports by itself chooses one of another worker at some time.
    if (udp.size() < MOST_NAMED)
        udp.try_emplace(address, slot);
    const auto first = udp.find(address);
    const bool has_another = first != udp.end() && first->second != slot;
    const bool serves_tcp = std::any_of(
        table.Listeners().begin(), table.Listeners().end(), [port](const net::Listener &listener) {
            return listener.Spec().at.type == SOCK_STREAM && listener.IsServed() &&
                   listener.Spec().at.address.Port() == port;
        });
    if (!has_another && !serves_tcp)
        return;
    hinted_udp.insert(port);
    reporter.Say(has_another ? report::Level::WARN : report::Level::INFO,
                 fmt::format("UDP {} is not shared, each worker binds it for itself: -p {}/udp "
                             "shares it",
                             address, port));
}

void Adoption::Forget(const net::Listener &listener) noexcept {
    announced.erase(&listener);
    uses.erase(&listener);
    owners.erase(&listener);
    std::erase_if(random_ports, [&](const auto &entry) { return entry.second == &listener; });
}

void Adoption::WarnOfUnreadable(const std::string &who, int error) {
    if (warned)
        return;
    warned = true;
    reporter.Say(
        report::Level::WARN,
        fmt::format(
            "{} cannot be read ({}), so its ports stay its own: run it with --user in place "
            "of its own switch of users, give the launcher CAP_SYS_PTRACE (docker run "
            "--cap-add SYS_PTRACE), or hand it the port with -p and a contract",
            who, sys::ErrnoText(error)));
}

} // namespace adopt

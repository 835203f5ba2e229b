#include "health/PathKeeper.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <set>
#include <sys/epoll.h>
#include <system_error>
#include <utility>

namespace health {

namespace {

using Origin = net::ListenSpec::Origin;

/** Longer than a busy machine needs. */
constexpr std::chrono::milliseconds LATE{1000};

/** Clients that workers' slots do not have: one for each user whose file systems may not answer. A
 *  client for each path would let one user's paths take all errands. */
unsigned ClientOf(const net::Listener &listener) {
    constexpr unsigned FIRST = 1U << 31;
    const auto &maker = listener.Spec().as;
    return maker ? FIRST + 1 + maker->uid % (FIRST / 2) : FIRST;
}

std::size_t CountServing(const net::Listener &listener) {
    return static_cast<std::size_t>(
        std::count_if(listener.Seats().begin(), listener.Seats().end(),
                      [](const net::Seat &seat) { return seat.serving; }));
}

bool IsAsked(const net::Listener &listener) noexcept {
    return listener.Spec().origin == Origin::ASKED;
}

} // namespace

PathKeeper::PathKeeper(loop::Loop &loop, loop::Errands &_errands, report::Reporter &_reporter,
                       net::ListenerTable &_table)
    : errands(_errands), reporter(_reporter), table(_table),
      changed(loop, loop::Priority::REQUESTS,
              loop::FdEvent::Callback::Make<&PathKeeper::OnChanged>(*this)),
      settled(loop, util::Bind<&PathKeeper::OnSettled>(*this)),
      look(loop, util::Bind<&PathKeeper::OnLook>(*this)) {
    table.OnOpen(util::Bind<&PathKeeper::OnOpen>(*this));
}

PathKeeper::~PathKeeper() noexcept {
    for (const auto &[serial, kept] : paths)
        errands.Cancel(kept.ticket);
}

// --- when to look ----------------------------------------------------------------------------

/** A socket that is used in private is often gone before that. */
void PathKeeper::OnOpen() noexcept {
    if (!settled.IsPending() && table.Listeners().back().Sockets().Held().IsDefined())
        settled.Schedule(SETTLED);
}

void PathKeeper::OnSettled() noexcept {
    ForgetClosed();
    for (net::Listener &listener : table.Listeners()) {
        const bool can_be_shared = IsAsked(listener) || listener.Seats().size() > 1;
        if (listener.Sockets().Held().IsDefined() && can_be_shared)
            Watch(listener, paths[listener.Serial()]);
    }
}

void PathKeeper::Watch(net::Listener &listener, Kept &kept) noexcept {
    if (kept.asked_to_watch || kept.ticket != 0)
        return;
    kept.asked_to_watch = true;
    if (!watches.IsOpen()) {
        watches = sys::FileWatch::Open();
        if (!watches.IsOpen())
            return; // it looks when a worker has ended
        try {
            changed.Watch(watches.Descriptor(), EPOLLIN | EPOLLONESHOT);
        } catch (const std::system_error &) {
            watches = {};
            return;
        }
    }
    kept.ticket = errands.Send({ClientOf(listener), &net::WatchPath,
                                net::WatchRequest(listener.Sockets().Held(), watches.Descriptor()),
                                LATE, loop::Errands::Done::Make<&PathKeeper::OnWatched>(*this)});
}

void PathKeeper::OnWatched(Ticket ticket, loop::Errands::Answer answer) noexcept {
    const sys::Parcel parcel = std::move(answer.parcel);
    for (auto &[serial, kept] : paths)
        if (kept.ticket == ticket) {
            kept.ticket = 0;
            kept.watch = net::ReadWatchResult(parcel);
            kept.due = true; // it may have been removed before
            look.Schedule(MOMENT);
        }
}

void PathKeeper::OnChanged(std::uint32_t) noexcept {
    const std::vector<int> numbers = watches.Read();
    const bool any = std::binary_search(numbers.begin(), numbers.end(), sys::FileWatch::LOST);
    for (const net::Listener &listener : table.Listeners()) {
        const auto found = paths.find(listener.Serial());
        if (found != paths.end() &&
            (any || std::binary_search(numbers.begin(), numbers.end(), found->second.watch)))
            found->second.due |= IsAsked(listener) || CountServing(listener) > 1;
    }
    // Changes until then need no look of their own.
    look.Schedule(stopping ? std::chrono::milliseconds(0) : MOMENT);
}

void PathKeeper::Gone(const pool::WorkerRef &, pool::ExitStatus) noexcept {
    for (net::Listener &listener : table.Listeners())
        if (listener.Sockets().Held().IsDefined() && (IsAsked(listener) || listener.IsServed()))
            paths[listener.Serial()].due = true;
    if (!paths.empty())
        look.Schedule(std::chrono::milliseconds(0)); // its seats do not serve any more by then
}

void PathKeeper::OnStop(const pool::StopRequest &) noexcept {
    stopping = true;
}

// --- putting it back -------------------------------------------------------------------------

void PathKeeper::OnLook() noexcept {
    ForgetClosed();
    if (watches.IsOpen())
        changed.WatchAgain(EPOLLIN | EPOLLONESHOT);
    for (net::Listener &listener : table.Listeners()) {
        const auto found = paths.find(listener.Serial());
        if (found == paths.end() || !found->second.due || found->second.ticket != 0)
            continue;
        Kept &kept = found->second;
        kept.due = false;
        if (IsAsked(listener) || listener.IsServed())
            kept.ticket = errands.Send({ClientOf(listener), &net::RestorePath,
                                        net::RestoreRequest(listener.Sockets().Held()), LATE,
                                        loop::Errands::Done::Make<&PathKeeper::OnRestored>(*this)});
    }
}

void PathKeeper::OnRestored(Ticket ticket, loop::Errands::Answer answer) noexcept {
    const sys::Parcel parcel = std::move(answer.parcel);
    for (auto &[serial, kept] : paths) {
        if (kept.ticket != ticket)
            continue;
        kept.ticket = 0;
        if (kept.due)
            look.Schedule(std::chrono::milliseconds(0));
        net::Listener *listener = Find(serial);
        if (listener == nullptr)
            return;
        const auto result = answer.error != 0 ? net::RestoreResult{answer.error, false}
                                              : net::ReadRestoreResult(parcel);
        Tell(*listener, kept, result);
        if (result.put_back && kept.watch < 0 && !stopping) { // it was not there to be watched
            kept.asked_to_watch = false;
            settled.Schedule(SETTLED);
        }
        return;
    }
}

void PathKeeper::Tell(net::Listener &listener, Kept &kept,
                      const net::RestoreResult &result) noexcept {
    if (result.put_back) {
        listener.Sockets().Held().SetRemoved(true);
        reporter.Say(
            kept.told || stopping ? report::Level::DEBUG : report::Level::INFO,
            fmt::format("{} was removed, and is put back, as workers serve it", listener.Where()));
        kept.told = true;
    } else if (result.error != 0 && result.error != EADDRINUSE && !stopping) {
        reporter.Say(kept.told ? report::Level::DEBUG : report::Level::WARN,
                     fmt::format("{} was removed while workers serve it, and cannot be put back: "
                                 "{}",
                                 listener.Where(), sys::ErrnoText(result.error)));
        kept.told = true;
    }
}

void PathKeeper::ForgetClosed() noexcept {
    std::set<unsigned> there;
    for (const net::Listener &listener : table.Listeners())
        there.insert(there.end(), listener.Serial());
    std::erase_if(paths, [this, &there](const auto &entry) {
        if (there.contains(entry.first))
            return false;
        errands.Cancel(entry.second.ticket);
        if (entry.second.watch >= 0)
            watches.Remove(entry.second.watch);
        return true;
    });
}

net::Listener *PathKeeper::Find(unsigned serial) noexcept {
    const auto found = std::find_if(
        table.Listeners().begin(), table.Listeners().end(),
        [serial](const net::Listener &listener) { return listener.Serial() == serial; });
    return found != table.Listeners().end() ? &*found : nullptr;
}

} // namespace health

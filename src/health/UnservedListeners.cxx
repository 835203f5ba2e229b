#include "health/UnservedListeners.hxx"
#include "net/SocketState.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <system_error>
#include <utility>

namespace health {

namespace {

using Origin = net::ListenSpec::Origin;

/** With what was asked for, where that looks otherwise. */
std::string Describe(const net::Listener &listener) {
    const std::string name = listener.Where();
    const std::string &text = listener.Spec().text;
    return text == name ? name : fmt::format("{} (asked for with {})", name, util::Quote(text));
}

} // namespace

UnservedListeners::Watched::Watched(UnservedListeners &_owner,
                                    const net::Listener &_listener) noexcept
    : owner(_owner), listener(_listener),
      timer(_owner.loop, util::Bind<&UnservedListeners::Watched::OnLook>(*this)) {}

void UnservedListeners::Watched::Begin() noexcept {
    try {
        for (const net::Seat &seat : listener.Seats())
            if (seat.socket.IsDefined())
                sockets
                    .emplace_back(owner.loop, loop::Priority::REQUESTS,
                                  loop::FdEvent::Callback::Make<&Watched::OnConnection>(*this))
                    .Watch(seat.socket, EPOLLIN);
    } catch (const std::system_error &error) {
        owner.reporter.Say(
            report::Level::DEBUG,
            fmt::format("nobody looks whether {} is served: {}", listener.Where(), error.what()));
        End();
    }
}

void UnservedListeners::Watched::End() noexcept {
    for (loop::FdEvent &socket : sockets)
        socket.Cancel();
    timer.Cancel();
    over = true;
}

/** The first one, or a worker has shut the socket down, which it knows then. */
void UnservedListeners::Watched::OnConnection(std::uint32_t) noexcept {
    for (loop::FdEvent &socket : sockets)
        socket.Cancel();
    since = owner.loop.Now();
    waiting = Waiting();
    if (waiting == 0 || owner.IsServed(listener))
        return End();
    timer.Schedule(LOOK);
}

void UnservedListeners::Watched::OnLook() noexcept {
    const unsigned now = Waiting();
    // If no worker accepts, there are never fewer of them.
    if (now == 0 || now < waiting || owner.IsServed(listener))
        return End();
    waiting = now;
    if (owner.loop.Now() - since < PATIENCE)
        return timer.Schedule(LOOK);
    End();
    owner.reporter.Say(
        report::Level::WARN,
        fmt::format("a connection to {} has waited for {} s: no worker takes it{}",
                    listener.Where(),
                    std::chrono::duration_cast<std::chrono::seconds>(PATIENCE).count(),
                    owner.DescribeServed()));
}

unsigned UnservedListeners::Watched::Waiting() const noexcept {
    unsigned sum = 0;
    for (const net::Seat &seat : listener.Seats())
        sum += net::WaitingConnections(seat.socket);
    return sum;
}

void UnservedListeners::Started(const pool::WorkerRef &worker, spawn::Launched &) noexcept {
    workers.emplace(worker.id, worker);
}

void UnservedListeners::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    workers.erase(worker.id);
}

void UnservedListeners::OnReady() noexcept {
    if (std::exchange(begun, true))
        return;
    for (const net::Listener &listener : table.Listeners())
        if (listener.Spec().origin != Origin::ADOPTED && listener.Spec().at.type == SOCK_STREAM &&
            !IsServed(listener))
            watched.emplace_back(*this, listener).Begin();
    Settle();
}

void UnservedListeners::OnUp() noexcept {
    OnReady();
    Settle();
}

/** Workers that listen at one address may be about to listen at another. */
void UnservedListeners::Settle() noexcept {
    const auto &listeners = table.Listeners();
    if (!watched.empty() &&
        std::any_of(listeners.begin(), listeners.end(), [](const net::Listener &listener) {
            return listener.Spec().origin == Origin::ADOPTED;
        }))
        settled.Schedule(PATIENCE);
}

void UnservedListeners::OnStop(const pool::StopRequest &) noexcept {
    settled.Cancel();
    for (Watched &listener : watched)
        listener.End();
}

void UnservedListeners::OnSettled() noexcept {
    const bool elsewhere = std::any_of(
        table.Listeners().begin(), table.Listeners().end(), [](const net::Listener &listener) {
            return listener.Spec().origin == Origin::ADOPTED && listener.WasServed();
        });
    if (!elsewhere) // it is closed again
        return;
    // Who was ready by listening there was not looked at any more.
    looks = workers.size();
    all_seen = true;
    for (const auto &entry : workers)
        epoll.Look(entry.second, EpollProbe::Done::Make<&UnservedListeners::OnLooked>(*this));
    if (looks == 0)
        Decide();
}

void UnservedListeners::OnLooked(bool complete) noexcept {
    all_seen = all_seen && complete;
    if (--looks == 0 && all_seen)
        Decide();
}

void UnservedListeners::Decide() noexcept {
    for (Watched &one : watched) {
        const bool warn = !one.IsOver() && !IsServed(one.GetListener());
        one.End();
        if (warn)
            reporter.Say(report::Level::WARN,
                         fmt::format("no worker was seen to listen on {}{}",
                                     Describe(one.GetListener()), DescribeServed()));
    }
}

/** Itself, now or before, or one that has taken its place. */
bool UnservedListeners::IsServed(const net::Listener &listener) const noexcept {
    return listener.IsWithdrawn() || listener.WasServed();
}

std::string UnservedListeners::DescribeServed() const {
    std::string names;
    for (const net::Listener &listener : table.Listeners())
        if (listener.IsServed())
            names += (names.empty() ? "" : ", ") + listener.Where();
    return names.empty() ? "" : "; the workers listen on " + names;
}

} // namespace health

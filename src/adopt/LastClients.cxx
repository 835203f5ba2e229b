#include "adopt/LastClients.hxx"
#include "net/SocketState.hxx"

#include <algorithm>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace adopt {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds PAUSE = 50ms, LATE = 1s;
constexpr unsigned BREAKS = 4; // as long as a search took

/** A client for each worker, which slots and paths do not have. */
constexpr unsigned FIRST_CLIENT = 1U << 30;

/** For all descriptors of it. Waits for the lock of the socket, which a worker can hold. */
void Shut(const sys::Parcel &request, sys::Parcel &) noexcept {
    for (const sys::UniqueFd &socket : request.descriptors)
        shutdown(socket.Get(), SHUT_RD);
}

} // namespace

LastClients::LastClients(Adoption &_adoption) noexcept
    : adoption(_adoption),
      search(_adoption.loop, _adoption.errands, HeldSearch::NOBODY, HeldSearch::Pace::AT_ONCE,
             HeldSearch::Done::Make<&LastClients::OnHeld>(*this)),
      look(_adoption.loop, util::Bind<&LastClients::OnLook>(*this)) {}

void LastClients::Add(unsigned worker, sys::Fd socket, const Handed &handed) {
    const std::uint64_t inode = net::InodeOf(socket);
    auto found = std::find_if(sockets.begin(), sockets.end(),
                              [inode](const Last &last) { return last.inode == inode; });
    if (found == sockets.end()) {
        sys::UniqueFd copy = sys::Duplicate(socket);
        if (!copy.IsDefined() || sockets.size() == HeldSearch::MOST_SOCKETS)
            return; // it listens until its worker has ended
        found = sockets.insert(sockets.end(), {std::move(copy), inode, {}, {}});
    }
    found->handed.Add(handed);
    found->workers.insert(worker);
}

void LastClients::Begin() noexcept {
    if (!sockets.empty())
        look.Schedule(PAUSE);
}

void LastClients::Gone(unsigned worker) noexcept {
    // To close a TCP socket that listens waits for nobody.
    std::erase_if(sockets, [worker](Last &one) {
        one.workers.erase(worker);
        return one.workers.empty();
    });
}

void LastClients::OnLook() noexcept {
    if (sockets.empty() || search.IsUnderWay())
        return;
    if (!adoption.table.HasLetGo()) { // they are still served
        look.Schedule(PAUSE);
        return;
    }
    Handed handed;
    looked_for.clear();
    for (const Last &one : sockets) {
        looked_for.push_back(one.inode);
        handed.Add(one.handed);
    }
    begun = adoption.loop.Now();
    search.Start(getpid(), false, 0, looked_for, std::move(handed));
}

void LastClients::OnHeld(std::optional<HeldSearch::Inodes> held) noexcept {
    std::erase_if(sockets, [&](Last &one) {
        const bool was_looked_for =
            std::find(looked_for.begin(), looked_for.end(), one.inode) != looked_for.end();
        if (!held || !was_looked_for || held->contains(one.inode))
            return false;
        sys::Parcel request;
        request.descriptors.push_back(std::move(one.socket));
        // One that is late listens until its worker has ended.
        adoption.errands.Send(
            {FIRST_CLIENT + *one.workers.begin(), &Shut, std::move(request), LATE, {}});
        return true;
    });
    if (!sockets.empty())
        look.ScheduleAt(adoption.loop.Now() + std::max<loop::TimePoint::duration>(
                                                  PAUSE, BREAKS * (adoption.loop.Now() - begun)));
}

} // namespace adopt

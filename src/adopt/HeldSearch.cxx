#include "adopt/HeldSearch.hxx"
#include "adopt/Packed.hxx"
#include "sys/OtherProcess.hxx"
#include "sys/Proc.hxx"

#include <algorithm>
#include <utility>

namespace adopt {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds PATIENCE = 1s;
constexpr unsigned BREAKS = 20; // as long as the errand took

enum class State : std::uint8_t { ALL, MORE, UNKNOWN };

/** The errand: looks at the next descriptors. */
void Look(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    Unpacker from(request.bytes);
    const auto root = from.Get<pid_t>();
    const bool with_root = from.Get<bool>();
    const auto other = from.Get<pid_t>();
    auto at_pid = from.Get<pid_t>();
    auto at_descriptor = from.Get<unsigned>();
    auto sockets = from.GetAll<std::uint64_t>();
    Handed handed;
    handed.descriptors = from.GetAll<Handed::Descriptor>();
    handed.exceptions = from.GetAll<Handed::Exception>();
    std::sort(sockets.begin(), sockets.end());

    std::vector<pid_t> pids = sys::DescendantsOf(root);
    if (with_root)
        pids.push_back(root);
    if (other != 0)
        pids.push_back(other);
    std::sort(pids.begin(), pids.end());
    pids.erase(std::unique(pids.begin(), pids.end()), pids.end());

    State state = State::ALL;
    std::size_t room = HeldSearch::DESCRIPTORS;
    std::vector<std::uint64_t> found;
    for (auto pid = std::lower_bound(pids.begin(), pids.end(), at_pid); pid != pids.end(); ++pid) {
        const unsigned first = *pid == at_pid ? at_descriptor : 0;
        const sys::SocketSlice slice = sys::OtherProcess(*pid).SocketsFrom(first, room);
        for (const auto &[descriptor, inode] : slice.sockets)
            if (std::binary_search(sockets.begin(), sockets.end(), inode) &&
                !handed.Covers(*pid, {descriptor, inode}))
                found.push_back(inode);
        if (slice.error != 0) {
            state = State::UNKNOWN;
            break;
        }
        room -= slice.seen;
        if (slice.next || room == 0) {
            state = State::MORE;
            at_pid = slice.next ? *pid : *pid + 1;
            at_descriptor = slice.next.value_or(0);
            break;
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    Packer packer;
    packer.Add(state);
    packer.Add(at_pid);
    packer.Add(at_descriptor);
    packer.AddAll(found);
    answer.bytes = packer.Take();
}

} // namespace

HeldSearch::HeldSearch(loop::Loop &_loop, loop::Errands &_errands, unsigned _client, Pace _pace,
                       Done _done) noexcept
    : loop(_loop), errands(_errands), client(_client), pace(_pace), done(_done),
      next(_loop, util::Bind<&HeldSearch::Send>(*this)) {}

void HeldSearch::Start(pid_t _root, bool _with_root, pid_t _other,
                       std::vector<std::uint64_t> _sockets, Handed _handed) {
    Cancel();
    root = _root;
    with_root = _with_root;
    other = _other;
    sockets = std::move(_sockets);
    handed = std::move(_handed);
    at_pid = 0;
    at_descriptor = 0;
    found.clear();
    begun = loop.Now();
    Send();
}

void HeldSearch::Cancel() noexcept {
    next.Cancel();
    if (ticket != 0)
        errands.Cancel(std::exchange(ticket, 0));
}

void HeldSearch::Send() noexcept {
    Packer packer;
    packer.Add(root);
    packer.Add(with_root);
    packer.Add(other);
    packer.Add(at_pid);
    packer.Add(at_descriptor);
    packer.AddAll(sockets);
    packer.AddAll(handed.descriptors);
    packer.AddAll(handed.exceptions);
    sent = loop.Now();
    ticket = errands.Send({client,
                           &Look,
                           {packer.Take(), {}},
                           PATIENCE,
                           loop::Errands::Done::Make<&HeldSearch::OnAnswer>(*this)});
}

void HeldSearch::OnAnswer(loop::Errands::Ticket, const loop::Errands::Answer &answer) noexcept {
    ticket = 0;
    Unpacker from(answer.parcel.bytes);
    const auto state = answer.error == 0 ? from.Get<State>() : State::UNKNOWN;
    if (state == State::UNKNOWN) {
        Finish(std::nullopt);
        return;
    }
    at_pid = from.Get<pid_t>();
    at_descriptor = from.Get<unsigned>();
    for (const auto inode : from.GetAll<std::uint64_t>())
        found.insert(inode);
    const loop::TimePoint now = loop.Now();
    if (state == State::ALL)
        Finish(std::move(found));
    else if (pace == Pace::AT_ONCE && now - begun > PATIENCE)
        Finish(std::nullopt);
    else if (pace == Pace::AT_ONCE)
        Send();
    else
        next.ScheduleAt(now + BREAKS * (now - sent));
}

void HeldSearch::Finish(std::optional<Inodes> held) noexcept {
    done(std::move(held));
}

} // namespace adopt

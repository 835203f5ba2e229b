#include "loop/Errands.hxx"

#include <algorithm>
#include <cerrno>
#include <sys/epoll.h>
#include <system_error>
#include <utility>

namespace loop {

namespace {

constexpr std::chrono::milliseconds CROWDED{20};
constexpr std::chrono::seconds IDLE{2};
constexpr std::chrono::milliseconds PATIENCE{50}; // at the end, with a process that was killed

} // namespace

/** One process, or the place for one, and the errand that is under way there. */
class Errands::Lane {
public:
    explicit Lane(Errands &_owner)
        : owner(_owner),
          answer(_owner.loop, Priority::MESSAGES, FdEvent::Callback::Make<&Lane::OnAnswer>(*this)),
          deadline(_owner.loop, util::Bind<&Lane::OnDeadline>(*this)) {}

    bool IsFree() const noexcept { return !current; }
    bool HasProcess() const noexcept { return process.has_value(); }
    bool IsIdleSince(TimePoint time) const noexcept {
        return IsFree() && HasProcess() && free_since <= time;
    }

    /** Throws std::system_error. */
    void Fork() {
        process.emplace();
        if (owner.forked)
            owner.forked(process->Pid());
        try {
            answer.Watch(process->Descriptor(), EPOLLIN);
        } catch (...) {
            process.reset();
            throw;
        }
    }

    void Begin(Waiting waiting) noexcept {
        const sys::Parcel &request = waiting.order.request;
        const int error = process->Send(waiting.order.function, request.bytes, request.descriptors);
        deadline.Schedule(waiting.order.deadline);
        waiting.order.request = {};
        current = std::move(waiting);
        if (error != 0)
            owner.Finish(*this, {error, {}});
    }

    /** The errand that was under way; the lane is free afterwards. */
    Waiting Take() noexcept {
        Waiting taken = std::move(*current);
        current.reset();
        deadline.Cancel();
        free_since = owner.loop.Now();
        return taken;
    }

    /** Without a process from now on. */
    sys::Elsewhere Leave() noexcept {
        answer.Cancel();
        sys::Elsewhere left = std::move(*process);
        process.reset();
        left.Kill();
        return left;
    }

    const std::optional<Waiting> &Current() const noexcept { return current; }
    void Forget() noexcept { current->order.done = {}; }

private:
    void OnAnswer(std::uint32_t) noexcept {
        auto parcel = process->Receive();
        if (parcel && current)
            owner.Finish(*this, {0, std::move(*parcel)});
        else if (!parcel && errno != EAGAIN)
            owner.OnEnded(*this);
    }

    void OnDeadline() noexcept { owner.Finish(*this, {ETIMEDOUT, {}}); }

    Errands &owner;
    std::optional<sys::Elsewhere> process;
    std::optional<Waiting> current;
    TimePoint free_since;
    FdEvent answer;
    TimerEvent deadline;
};

Errands::Errands(Loop &_loop, util::BoundMethod<void(pid_t)> _forked) noexcept
    : loop(_loop), forked(_forked), crowd(_loop, util::Bind<&Errands::OnCrowded>(*this)),
      idle(_loop, util::Bind<&Errands::OnIdle>(*this)),
      begin(_loop, util::Bind<&Errands::Begin>(*this)) {}

Errands::~Errands() noexcept {
    std::vector<sys::Elsewhere> processes;
    for (const auto &lane : lanes)
        if (lane->HasProcess())
            processes.push_back(lane->Leave());
    for (sys::Elsewhere &process : processes)
        process.End(PATIENCE);
}

Errands::Ticket Errands::Send(Order order) {
    queue.push_back({++last_ticket, std::move(order)});
    if (!begin.IsPending())
        begin.Schedule();
    return last_ticket;
}

void Errands::Cancel(Ticket ticket) noexcept {
    std::erase_if(queue, [ticket](const Waiting &waiting) { return waiting.ticket == ticket; });
    for (const auto &lane : lanes)
        if (lane->Current() && lane->Current()->ticket == ticket)
            lane->Forget();
}

std::size_t Errands::Stuck() noexcept {
    std::erase_if(left_behind, [](const LeftBehind &left) { return left.process.HasEnded(); });
    return left_behind.size();
}

bool Errands::IsOverdrawn(unsigned client) noexcept {
    const std::size_t all = Stuck();
    const auto own = std::count_if(left_behind.begin(), left_behind.end(),
                                   [client](const auto &left) { return left.client == client; });
    return all >= MOST_STUCK || static_cast<std::size_t>(own) >= MOST_STUCK_OF_CLIENT;
}

bool Errands::MayBegin(const Waiting &waiting) const noexcept {
    return std::none_of(lanes.begin(), lanes.end(), [&](const auto &lane) {
        return lane->Current() && lane->Current()->order.client == waiting.order.client;
    });
}

/** nullptr: all are busy, and no further one is due. Throws std::system_error. */
Errands::Lane *Errands::FreeLane() {
    Lane *empty = nullptr;
    std::size_t processes = 0;
    for (const auto &lane : lanes) {
        if (lane->IsFree() && lane->HasProcess())
            return lane.get();
        if (lane->HasProcess())
            processes++;
        else
            empty = lane.get();
    }
    if (processes != 0 && !crowded)
        return nullptr;
    if (empty == nullptr && lanes.size() < MOST_PROCESSES)
        empty = lanes.emplace_back(std::make_unique<Lane>(*this)).get();
    if (empty == nullptr)
        return nullptr;
    crowded = false;
    empty->Fork();
    return empty;
}

void Errands::Begin() noexcept {
    while (BeginOne()) {
    }
    // What is left waits for its client's own errand, or for a process.
    const bool waits = std::any_of(queue.begin(), queue.end(),
                                   [this](const Waiting &waiting) { return MayBegin(waiting); });
    crowded = false;
    if (!waits)
        crowd.Cancel();
    else if (!crowd.IsPending())
        crowd.Schedule(CROWDED);
}

/** Starts, or refuses, the first errand that can be; false: there is none. */
bool Errands::BeginOne() noexcept {
    const auto next = std::find_if(queue.begin(), queue.end(),
                                   [this](const Waiting &waiting) { return MayBegin(waiting); });
    if (next == queue.end())
        return false;
    int error = 0;
    Lane *lane = nullptr;
    if (!left_behind.empty() && IsOverdrawn(next->order.client)) {
        error = EAGAIN;
    } else {
        try {
            lane = FreeLane();
        } catch (const std::system_error &failure) {
            error = failure.code().value();
        }
        if (lane == nullptr && error == 0)
            return false;
    }
    Waiting waiting = std::move(*next);
    queue.erase(next);
    if (lane != nullptr)
        lane->Begin(std::move(waiting));
    else if (waiting.order.done)
        waiting.order.done(waiting.ticket, {error, {}});
    return true;
}

void Errands::Finish(Lane &lane, Answer answer) noexcept {
    const Waiting waiting = lane.Take();
    if (answer.error != 0)
        left_behind.push_back({waiting.order.client, lane.Leave()});
    if (!idle.IsPending())
        idle.Schedule(IDLE);
    if (!queue.empty() && !begin.IsPending())
        begin.Schedule();
    if (waiting.order.done)
        waiting.order.done(waiting.ticket, std::move(answer));
}

/** The process has ended, or its socket is broken. */
void Errands::OnEnded(Lane &lane) noexcept {
    if (lane.Current())
        Finish(lane, {EPIPE, {}});
    else
        lane.Leave();
}

/** Ends what has had nothing to do; asks again as long as there is a process. */
void Errands::OnIdle() noexcept {
    const TimePoint before = loop.Now() - IDLE;
    bool any = false;
    for (const auto &lane : lanes) {
        if (lane->IsIdleSince(before))
            lane->Leave();
        any = any || lane->HasProcess();
    }
    if (any)
        idle.Schedule(IDLE);
}

} // namespace loop

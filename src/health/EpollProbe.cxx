#include "health/EpollProbe.hxx"
#include "net/SocketState.hxx"
#include "sys/Descent.hxx"
#include "sys/OtherProcess.hxx"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace health {

namespace {

/** What an errand is to look for: the process, then the inodes of the sockets. */
std::string Write(pid_t worker, const std::vector<std::uint64_t> &inodes) {
    std::string bytes(sizeof(worker) + inodes.size() * sizeof(std::uint64_t), '\0');
    std::memcpy(bytes.data(), &worker, sizeof(worker));
    std::memcpy(bytes.data() + sizeof(worker), inodes.data(),
                inodes.size() * sizeof(std::uint64_t));
    return bytes;
}

std::vector<std::uint64_t> ReadInodes(std::string_view bytes) {
    std::vector<std::uint64_t> inodes(bytes.size() / sizeof(std::uint64_t));
    if (!inodes.empty()) // memcpy takes no null pointer, not even for nothing
        std::memcpy(inodes.data(), bytes.data(), inodes.size() * sizeof(std::uint64_t));
    return inodes;
}

bool Contains(const std::vector<std::uint64_t> &inodes, std::uint64_t inode) {
    return std::find(inodes.begin(), inodes.end(), inode) != inodes.end();
}

/** In the errand's process. The answer: was all looked at?, and the inodes that were found. */
void LookForTargets(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    const auto end = std::chrono::steady_clock::now() + EpollProbe::MOST_TIME;
    const auto is_over = [end] { return std::chrono::steady_clock::now() >= end; };
    pid_t worker = 0;
    std::memcpy(&worker, request.bytes.data(), sizeof(worker));
    const auto wanted = ReadInodes(std::string_view(request.bytes).substr(sizeof(worker)));
    std::vector<std::uint64_t> found;
    const auto look_at = [&](pid_t pid) {
        for (const std::uint64_t inode : sys::OtherProcess(pid).EpollTargets())
            if (Contains(wanted, inode) && !Contains(found, inode))
                found.push_back(inode);
    };
    look_at(worker);
    sys::Descent descent(worker);
    bool complete = !is_over();
    while (complete && !descent.Step(16))
        complete = !is_over();
    for (const pid_t pid : descent.Found()) {
        if (found.size() == wanted.size())
            break;
        complete = complete && !is_over();
        if (complete)
            look_at(pid);
    }
    answer.bytes.assign(1, complete ? 1 : 0);
    answer.bytes.append(reinterpret_cast<const char *>(found.data()),
                        found.size() * sizeof(std::uint64_t));
}

} // namespace

EpollProbe::~EpollProbe() noexcept {
    for (const auto &[ticket, look] : looks)
        errands.Cancel(ticket);
}

void EpollProbe::Started(const pool::WorkerRef &worker, spawn::Launched &) noexcept {
    if (!facts.IsStarting(worker))
        return;
    const loop::TimePoint due = loop.Now() + FIRST;
    young.emplace(worker.id, Young{worker, due, FIRST});
    if (!timer.IsPending() || due < rings)
        Ring(due);
}

void EpollProbe::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    young.erase(worker.id);
    if (young.empty())
        timer.Cancel();
}

void EpollProbe::OnUp() noexcept {
    std::erase_if(young,
                  [this](const auto &entry) { return !facts.IsStarting(entry.second.worker); });
    if (young.empty())
        timer.Cancel();
}

void EpollProbe::OnTimer() noexcept {
    const loop::TimePoint now = loop.Now();
    std::vector<pool::WorkerRef> due;
    for (const auto &entry : young)
        if (entry.second.due <= now)
            due.push_back(entry.second.worker);
    for (const pool::WorkerRef &worker : due) {
        if (facts.IsStarting(worker) && !IsLookedAt(worker))
            Look(worker);
        const auto found = young.find(worker.id);
        if (found == young.end())
            continue;
        if (!facts.IsStarting(worker)) {
            young.erase(found);
            continue;
        }
        Young &next = found->second;
        next.pause = std::min(next.pause * 2, std::chrono::milliseconds(LONGEST));
        next.due = loop.Now() + next.pause;
    }
    const auto first =
        std::min_element(young.begin(), young.end(), [](const auto &one, const auto &other) {
            return one.second.due < other.second.due;
        });
    if (first != young.end())
        Ring(first->second.due);
}

void EpollProbe::Ring(loop::TimePoint at) noexcept {
    rings = at;
    timer.ScheduleAt(at);
}

bool EpollProbe::IsLookedAt(const pool::WorkerRef &worker) const noexcept {
    return std::any_of(looks.begin(), looks.end(), [&worker](const auto &entry) {
        return entry.second.worker.id == worker.id;
    });
}

void EpollProbe::Look(const pool::WorkerRef &worker, Done done) noexcept {
    std::vector<std::uint64_t> inodes;
    for (const net::Exported &exported : table.Exports(worker.seat))
        inodes.push_back(net::InodeOf(exported.socket));
    loop::Errands::Order order;
    order.client = worker.id;
    order.function = LookForTargets;
    order.request.bytes = Write(worker.pid, inodes);
    order.deadline = DEADLINE;
    order.done = loop::Errands::Done::Make<&EpollProbe::OnLooked>(*this);
    looks.emplace(errands.Send(std::move(order)), Under{worker, done});
}

void EpollProbe::OnLooked(loop::Errands::Ticket ticket,
                          const loop::Errands::Answer &answer) noexcept {
    const Under look = looks.extract(ticket).mapped();
    const std::string_view bytes = answer.parcel.bytes;
    const bool has_answer = answer.error == 0 && !bytes.empty();
    if (has_answer)
        Tell(look.worker, bytes.substr(1));
    if (!facts.IsStarting(look.worker))
        young.erase(look.worker.id);
    if (young.empty())
        timer.Cancel();
    if (look.done)
        look.done(has_answer && bytes[0] != 0);
}

void EpollProbe::Tell(const pool::WorkerRef &worker, std::string_view bytes) noexcept {
    const auto inodes = ReadInodes(bytes);
    if (inodes.empty())
        return;
    for (const net::Exported &exported : table.Exports(worker.seat)) {
        if (!Contains(inodes, net::InodeOf(exported.socket)))
            continue;
        if (net::Listener *listener = table.Find(exported.listener->Spec().at))
            facts.Listening(worker, *listener, pool::How::HANDED);
    }
}

} // namespace health

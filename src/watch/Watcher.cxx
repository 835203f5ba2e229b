#include "watch/Watcher.hxx"
#include "sys/Error.hxx"
#include "sys/Proc.hxx"
#include "watch/Vigil.hxx"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace watch {

namespace {

constexpr std::chrono::seconds BREATH{1}; // before a watcher that was killed is replaced

std::uint64_t StartOf(pid_t pid) {
    const auto stat = sys::ReadProcessStat(pid);
    return stat ? stat->start : 0;
}

} // namespace

Watcher::Watcher(loop::Loop &loop, report::Reporter &_reporter, pool::Reaper &_reaper,
                 WatchSpec _spec)
    : reporter(_reporter), reaper(_reaper), spec(std::move(_spec)), launcher(getpid()),
      began(sys::TicksSinceBoot()), timer(loop, util::Bind<&Watcher::Begin>(*this)) {}

Watcher::~Watcher() noexcept {
    if (pid != 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    if (!shared.empty())
        munmap(shared.data(), shared.size_bytes());
}

void Watcher::Forked(const pool::WorkerRef &worker) noexcept {
    if (worker.seat < COMPANION)
        Set(worker.seat, worker.pid);
}

void Watcher::Cleared(const pool::WorkerRef &worker) noexcept {
    Clear(worker.seat);
}

void Watcher::Set(std::size_t place, pid_t process) noexcept {
    if (launcher == 1)
        return;
    processes[place] = process;
    if (!shared.empty())
        shared[place].Set(process, StartOf(process));
    if (pid == 0 && !timer.IsPending())
        timer.Schedule(WORTH_WATCHING);
}

void Watcher::Clear(std::size_t place) noexcept {
    if (processes.erase(place) == 0)
        return;
    if (!shared.empty())
        shared[place].Set(0, 0);
    if (pid == 0 && processes.empty())
        timer.Cancel();
}

bool Watcher::Share() noexcept {
    if (!shared.empty())
        return true;
    void *memory = mmap(nullptr, MOST_ENTRIES * sizeof(Entry), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    shared = {static_cast<Entry *>(memory), MOST_ENTRIES}; // zeros: no entry is set
    for (const auto &[place, process] : processes)
        shared[place].Set(process, StartOf(process));
    return true;
}

void Watcher::Begin() noexcept {
    int ends[2] = {-1, -1};
    if (!Share() || pipe2(ends, O_CLOEXEC) != 0)
        return Fail("no memory or no descriptor for it", errno);
    const sys::UniqueFd theirs(sys::AdoptTag(), ends[0]);
    sys::UniqueFd ours(sys::AdoptTag(), ends[1]);
    const Charge charge = {spec.run,  shared, spec.own_groups, launcher,
                           getpgrp(), began,  spec.patience,   spec.last};
    const pid_t child = fork();
    if (child < 0)
        return Fail("cannot fork", errno);
    if (child == 0)
        KeepVigil(theirs, charge); // which closes the other end
    pid = child;
    alive = std::move(ours);
    reaper.AddCompanion(sys::Process(child), pool::Reaper::OnEnd::Make<&Watcher::OnEnd>(*this));
}

void Watcher::OnEnd(pool::ExitStatus) noexcept {
    pid = 0;
    alive.Close();
    reporter.Say(report::Level::WARN, "the watcher was ended from outside: starting another");
    timer.Schedule(BREATH);
}

void Watcher::Fail(std::string_view what, int error) noexcept {
    if (!failed)
        reporter.Say(report::Level::WARN,
                     fmt::format("no watcher: {}: {}; what workers leave behind would outlive a "
                                 "launcher that is killed",
                                 what, sys::ErrnoText(error)));
    failed = true;
}

} // namespace watch

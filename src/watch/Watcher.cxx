#include "watch/Watcher.hxx"
#include "sys/Error.hxx"
#include "sys/Proc.hxx"
#include "watch/Vigil.hxx"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <new>
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
      timer(loop, util::Bind<&Watcher::Begin>(*this)), processes(spec.slots + 1) {}

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
    Tell(worker.slot, worker.pid);
}

void Watcher::NotStarted(const pool::WorkerRef &worker) noexcept {
    Gone(worker, {});
}

void Watcher::Tell(unsigned place, pid_t process) noexcept {
    if (launcher == 1)
        return;
    processes[place] = process;
    if (pid != 0)
        shared[place].Set(process, StartOf(process));
    else if (!timer.IsPending())
        timer.Schedule(WORTH_WATCHING);
}

void Watcher::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    // The watcher keeps its number until the next one starts: what it left behind is found by it.
    processes[worker.slot] = 0;
    if (pid == 0 && std::count(processes.begin(), processes.end(), 0) == std::ssize(processes))
        timer.Cancel();
}

bool Watcher::Share() noexcept {
    if (!shared.empty())
        return true;
    void *memory = mmap(nullptr, processes.size() * sizeof(Entry), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    auto *first = static_cast<Entry *>(memory);
    for (std::size_t i = 0; i < processes.size(); i++)
        new (first + i) Entry{0, 0};
    shared = {first, processes.size()};
    return true;
}

void Watcher::Begin() noexcept {
    int ends[2] = {-1, -1};
    if (!Share() || pipe2(ends, O_CLOEXEC) != 0)
        return Fail("no memory or no descriptor for it", errno);
    const sys::UniqueFd theirs(sys::AdoptTag(), ends[0]);
    sys::UniqueFd ours(sys::AdoptTag(), ends[1]);
    for (std::size_t i = 0; i < processes.size(); i++)
        if (processes[i] != 0)
            shared[i].Set(processes[i], StartOf(processes[i]));
    const Charge charge = {spec.run,          shared,       spec.own_groups, launcher, getpgrp(),
                           StartOf(launcher), spec.patience};
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

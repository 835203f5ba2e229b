#pragma once

#include "pool/Orphans.hxx"
#include "pool/Pool.hxx"
#include "unit/FakeClock.hxx"
#include "unit/pool/Kernel.hxx"

#include <array>
#include <cmath>
#include <csignal>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

/** A pool with a made-up launcher, kernel and clock. */
namespace unit {

using namespace pool;
using namespace std::chrono_literals;

/** Gives out numbers, or failures that were prepared. */
class FakeLauncher final : public spawn::Launcher {
public:
    std::variant<spawn::Forked, spawn::LaunchFailure> Launch(
        spawn::LaunchSpec &spec) noexcept override {
        id = spec.env.Find("CLUSTERIZE_WORKER_ID").value_or("");
        if (failure) {
            const auto failed = *failure;
            if (!keeps_failing)
                failure.reset();
            return failed;
        }
        kernel::SetChildren(++alive);
        return spawn::Forked{kernel::FIRST_PID + ++launched};
    }

    std::optional<spawn::LaunchFailure> failure;
    bool keeps_failing = false;
    int launched = 0, alive = 0;
    std::string id; // of the last one
};

class LogSink final : public report::Sink {
public:
    explicit LogSink(std::string &_log) : log(_log) {}

    void Emit(const report::Event &event, report::WallTime) noexcept override {
        std::visit([this](const auto &fact) { log.append(fact.NAME); }, event);
        if (const auto *exit = std::get_if<report::Exit>(&event)) {
            log.append(exit->signal ? *exit->signal : std::to_string(exit->code.value()));
            log += exit->exited_after_disconnect ? "!" : "";
        }
        if (const auto *restart = std::get_if<report::Restart>(&event))
            log.append(std::to_string(Nominal(restart->delay)));
        if (const auto *failed = std::get_if<report::Failed>(&event))
            log.append(std::to_string(failed->slot));
        if (const auto *error = std::get_if<report::Error>(&event))
            log.append(":").append(error->stage);
        if (const auto *stop = std::get_if<report::Stop>(&event))
            log.append(":").append(stop->reason).append(stop->signal ? ":" + *stop->signal : "");
        log += ' ';
    }

private:
    /** The delay in milliseconds without the jitter. */
    static int Nominal(double seconds) {
        constexpr std::array<int, 9> DELAYS = {0, 100, 200, 400, 800, 1600, 3200, 6400, 10000};
        for (const int delay : DELAYS)
            if (std::abs(seconds * 1000 - delay) <= delay * RestartPolicy::JITTER + 1e-6)
                return delay;
        return -1;
    }

    std::string &log;
};

/** Nobody steers. */
class NoSteering final : public net::Steering {
public:
    void Joined(const net::Seat &) override {}
    void Left(const net::Seat &) noexcept override {}
    void SetActive(std::span<const net::Seat *const>) noexcept override {}
    net::TierReport Tier() const override { return {}; }
};

class NoPolicy final : public net::SteeringPolicy {
public:
    bool WantsGroup() const noexcept override { return false; }
    std::unique_ptr<net::Steering> Steer(const net::ListenSpec &, bool) const override {
        return std::make_unique<NoSteering>();
    }
};

/** The weakest sign: three seconds alive. */
class Alive final : public Agent {
public:
    Alive(loop::Loop &_loop, Facts &_facts, std::chrono::milliseconds _enough) noexcept
        : loop(_loop), facts(_facts), enough(_enough),
          timer(_loop, util::Bind<&Alive::OnTimer>(*this)) {}

    void Started(const WorkerRef &worker, spawn::Launched &) noexcept override {
        young.emplace(loop.Now() + enough, worker);
        timer.ScheduleAt(young.begin()->first);
    }

private:
    void OnTimer() noexcept {
        while (!young.empty() && young.begin()->first <= loop.Now())
            facts.Ready(young.extract(young.begin()).mapped(), Sign::ALIVE);
        if (!young.empty())
            timer.ScheduleAt(young.begin()->first);
    }

    loop::Loop &loop;
    Facts &facts;
    const std::chrono::milliseconds enough;
    std::multimap<loop::TimePoint, WorkerRef> young;
    loop::TimerEvent timer;
};

/** No process has an environment that can be read. */
class NoMarks final : public MarkSource {
public:
    void Ask(pid_t, Answer answer) noexcept override { answer({}); }
};

/** A pool of fake workers. Slot k's n-th worker is told by the order of the starts. */
class Cluster {
public:
    explicit Cluster(unsigned slots, bool serving = true, std::chrono::milliseconds delay = 0ms)
        : Cluster(MakeSpec(slots, serving, delay)) {}

    explicit Cluster(PoolSpec _spec)
        : table(policy, _spec.slots), spec(std::move(_spec)),
          pool(loop, reporter, table, reaper, orphans, launcher, spec, 1,
               util::Bind<&Cluster::OnFinished>(*this)),
          facts(pool.GetFacts()), alive(loop, facts, spec.ready.alive) {
        kernel::Reset();
        reporter.Add(std::make_unique<LogSink>(log));
        if (spec.serving && spec.ready.ByTime())
            pool.Add(alive);
    }

    /** Starts them all. */
    void Start() {
        pool.Start();
        for (unsigned i = 1; i < spec.slots; i++)
            loop.Turn(loop::Loop::Wait::NO);
    }

    /** Starts them all, and they are ready. */
    void StartAndServe() {
        Start();
        Pass(3s);
        log.clear();
    }

    void Pass(std::chrono::milliseconds time) {
        clock.Advance(time);
        loop.Turn(loop::Loop::Wait::NO);
    }

    static pid_t Pid(int n) { return kernel::FIRST_PID + n; }

    void Exit(int n, int status) {
        kernel::Exit(Pid(n), status);
        launcher.alive--;
        Reap();
    }

    void Die(int n, int signo) {
        kernel::Die(Pid(n), signo);
        launcher.alive--;
        Reap();
    }

    /** Until nothing is looked for any more, in no time. */
    void Reap() {
        pool.Reap();
        for (int i = 0; i < 4; i++)
            loop.Turn(loop::Loop::Wait::NO);
    }

    void Ask(int signo = SIGTERM, bool workers_have_it = false) {
        pool.Stop({StopRequest::Kind::GRACEFUL, "signal", signo, workers_have_it});
    }

    std::string Log() { return std::exchange(log, {}); }
    std::string Signals(const char *name, std::initializer_list<int> workers) const {
        std::string text;
        for (const int n : workers)
            text.append(name).append(" ").append(std::to_string(Pid(n))).append(" ");
        return text;
    }

    static PoolSpec MakeSpec(unsigned slots, bool serving = true,
                             std::chrono::milliseconds delay = 0ms) {
        auto worker = std::make_shared<WorkerSpec>();
        worker->command = {"server"};
        worker->run = "run";
        RestartSpec restart;
        restart.when = serving ? RestartWhen::ALWAYS : RestartWhen::NO;
        return {slots, serving, restart, false, {SIGTERM, 8s, delay}, worker};
    }

    int finished = 0;
    unit::FakeClock clock;
    loop::Loop loop{clock};
    std::string log;
    report::Reporter reporter;
    NoPolicy policy;
    net::ListenerTable table;
    FakeLauncher launcher;
    PoolSpec spec;
    Reaper reaper;
    NoMarks marks;
    Orphans orphans{loop, reaper, marks};
    Pool pool;
    Facts &facts;
    Alive alive;

private:
    void OnFinished() noexcept { finished++; }
};

} // namespace unit

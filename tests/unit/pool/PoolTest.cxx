#include "pool/Pool.hxx"
#include "pool/AliveAgent.hxx"
#include "unit/FakeClock.hxx"
#include "unit/pool/Kernel.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <memory>

using namespace pool;
using namespace std::chrono_literals;

namespace {

/** Gives out numbers, or failures that were prepared. */
class FakeLauncher final : public spawn::Launcher {
public:
    std::variant<spawn::Launched, spawn::LaunchFailure> Launch(
        spawn::LaunchSpec &spec) noexcept override {
        id = spec.env.Find("CLUSTERIZE_WORKER_ID").value_or("");
        if (failure) {
            const auto failed = *failure;
            if (!keeps_failing)
                failure.reset();
            return failed;
        }
        kernel::SetChildren(++alive);
        return spawn::Launched{kernel::FIRST_PID + ++launched};
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
            log.append(std::to_string(static_cast<int>(restart->delay)));
        if (const auto *error = std::get_if<report::Error>(&event))
            log.append(":").append(error->stage);
        if (const auto *stop = std::get_if<report::Stop>(&event))
            log.append(":").append(stop->reason).append(stop->signal ? ":" + *stop->signal : "");
        log += ' ';
    }

private:
    std::string &log;
};

class NoPolicy final : public net::SteeringPolicy {
public:
    bool WantsSlotSockets() const noexcept override { return false; }
    std::unique_ptr<net::Steering> Steer(int, bool) const override { return nullptr; }
};

/** A pool of fake workers. Slot k's n-th worker is told by the order of the starts. */
class Cluster {
public:
    explicit Cluster(unsigned slots, bool serving = true, std::chrono::milliseconds delay = 0ms)
        : table(policy, slots), spec(MakeSpec(slots, serving, delay)),
          pool(loop, reporter, table, launcher, spec, util::Bind<&Cluster::OnFinished>(*this)),
          alive(loop, pool) {
        kernel::Reset();
        reporter.Add(std::make_unique<LogSink>(log));
        if (serving)
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
        pool.Reap();
    }

    void Die(int n, int signo) {
        kernel::Die(Pid(n), signo);
        launcher.alive--;
        pool.Reap();
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

    int finished = 0;
    unit::FakeClock clock;
    loop::Loop loop{clock};
    std::string log;
    report::Reporter reporter;
    NoPolicy policy;
    net::ListenerTable table;
    FakeLauncher launcher;
    PoolSpec spec;
    Pool pool;
    AliveAgent alive;

private:
    static PoolSpec MakeSpec(unsigned slots, bool serving, std::chrono::milliseconds delay) {
        auto worker = std::make_shared<WorkerSpec>();
        worker->command = {"server"};
        worker->run = "run";
        return {slots, serving, {SIGTERM, 8s, delay}, worker};
    }

    void OnFinished() noexcept { finished++; }
};

using Kind = Outcome::Kind;

} // namespace

// --- start -----------------------------------------------------------------------------------

TEST_CASE("workers start one a turn, fork before online, ready after three seconds, up once") {
    Cluster cluster(3);
    cluster.pool.Start();
    CHECK(cluster.Log() == "fork online ");
    cluster.loop.Turn(loop::Loop::Wait::NO);
    CHECK(cluster.Log() == "fork online ");
    cluster.loop.Turn(loop::Loop::Wait::NO);
    cluster.loop.Turn(loop::Loop::Wait::NO);
    CHECK(cluster.Log() == "fork online ");
    CHECK(cluster.launcher.launched == 3);
    CHECK(cluster.launcher.id == "3");
    cluster.Pass(3s);
    CHECK(cluster.Log() == "ready ready ready up ");
}

TEST_CASE("an old worker's readiness is not the new one's") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.Exit(1, 1);
    cluster.Pass(1s);
    cluster.Log();
    cluster.pool.Ready({1, 0, 1, Cluster::Pid(1)}, "alive");
    CHECK(cluster.Log().empty());
    cluster.pool.Ready({2, 0, 1, Cluster::Pid(2)}, "alive");
    CHECK(cluster.Log() == "ready ");
}

// --- healing ---------------------------------------------------------------------------------

TEST_CASE("a worker that ends early is replaced after a second, under a new id") {
    Cluster cluster(2);
    cluster.StartAndServe();
    cluster.Die(1, SIGSEGV);
    CHECK(cluster.Log() == "exitSIGSEGV restart1 ");
    cluster.Pass(999ms);
    CHECK(cluster.Log().empty());
    cluster.Pass(1ms);
    CHECK(cluster.Log() == "fork online ");
    CHECK(cluster.launcher.id == "3");
    CHECK(cluster.finished == 0);
    cluster.Pass(3s);
    CHECK(cluster.Log() == "ready "); // up is said once
}

TEST_CASE("one that has lived for ten seconds is replaced at once") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.Pass(7s);
    cluster.Exit(1, 0);
    CHECK(cluster.Log() == "exit0 restart0 ");
    cluster.Pass(0s);
    CHECK(cluster.Log() == "fork online ");
}

TEST_CASE("a start that fails later is tried again after a second") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.Pass(7s);
    cluster.launcher.failure = spawn::LaunchFailure{spawn::ExecStage::EXEC, ENOENT};
    cluster.Exit(1, 0);
    cluster.Pass(0s);
    CHECK(cluster.Log() == "exit0 restart0 error:exec restart1 ");
    cluster.Pass(1s);
    CHECK(cluster.Log() == "fork online ");
    CHECK(cluster.pool.GetOutcome().kind == Kind::COMPLETED);
}

// --- failures of the start -------------------------------------------------------------------

TEST_CASE("a worker that ends before any was ready is a boot failure: the others stop, its status "
          "stays") {
    Cluster cluster(2);
    cluster.Start();
    cluster.Log();
    cluster.Exit(1, 3);
    CHECK(cluster.Log() == "exit3 error:boot stop:boot failure ");
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
    CHECK(cluster.finished == 0);
    cluster.Die(2, SIGTERM);
    CHECK(cluster.Log() == "exitSIGTERM! ");
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::BOOT_FAILED);
    CHECK_FALSE(cluster.pool.GetOutcome().failure->killed);
    CHECK(cluster.pool.GetOutcome().failure->number == 3);
}

TEST_CASE("a boot failure in the middle of the start: the rest is not started") {
    Cluster cluster(5);
    cluster.pool.Start();
    cluster.Exit(1, 0);
    CHECK(cluster.finished == 1);
    cluster.Pass(0s);
    cluster.Pass(1h);
    CHECK(cluster.launcher.launched == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::BOOT_FAILED);
    CHECK(cluster.pool.GetOutcome().failure->IsSuccess());
}

TEST_CASE("the first worker cannot be started: that is all") {
    Cluster cluster(3);
    cluster.launcher.failure = spawn::LaunchFailure{spawn::ExecStage::EXEC, ENOENT};
    cluster.pool.Start();
    CHECK(cluster.Log() == "error:exec ");
    CHECK(cluster.finished == 1);
    CHECK(cluster.launcher.launched == 0);
    CHECK(cluster.pool.GetOutcome().kind == Kind::LAUNCH_FAILED);
    CHECK(cluster.pool.GetOutcome().launch_failure->error == ENOENT);
    cluster.Pass(1h);
    CHECK(cluster.launcher.launched == 0);
}

TEST_CASE("the third one cannot be started: those that run are stopped, the cause is kept") {
    Cluster cluster(4);
    cluster.pool.Start();
    cluster.Pass(0s);
    cluster.Log();
    cluster.launcher.failure = spawn::LaunchFailure{spawn::ExecStage::CLONE, EAGAIN};
    cluster.Pass(0s);
    CHECK(cluster.Log() == "error:clone stop:a worker could not be started ");
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1, 2}));
    cluster.Die(1, SIGTERM);
    CHECK(cluster.finished == 0);
    cluster.Die(2, SIGTERM);
    CHECK(cluster.finished == 1);
    CHECK(cluster.launcher.launched == 2);
    CHECK(cluster.pool.GetOutcome().kind == Kind::LAUNCH_FAILED);
    CHECK(cluster.pool.GetOutcome().launch_failure->stage == spawn::ExecStage::CLONE);
}

// --- jobs ------------------------------------------------------------------------------------

TEST_CASE("jobs run to their end, none is started again, the first failure counts") {
    Cluster cluster(3, false);
    cluster.Start();
    cluster.Log();
    cluster.Exit(2, 0);
    cluster.Exit(3, 5);
    CHECK(cluster.finished == 0);
    cluster.Exit(1, 6);
    CHECK(cluster.Log() == "exit0 exit5 exit6 ");
    CHECK(kernel::TakeSignals().empty());
    CHECK(cluster.finished == 1);
    CHECK(cluster.launcher.launched == 3);
    CHECK(cluster.pool.GetOutcome().kind == Kind::COMPLETED);
    CHECK(cluster.pool.GetOutcome().failure->number == 5);
}

TEST_CASE("jobs that all succeed") {
    Cluster cluster(2, false);
    cluster.Start();
    cluster.Exit(1, 0);
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 1);
    CHECK_FALSE(cluster.pool.GetOutcome().failure);
}

TEST_CASE("a job may end before the last one has started") {
    Cluster cluster(2, false);
    cluster.pool.Start();
    cluster.Exit(1, 0);
    CHECK(cluster.finished == 0);
    cluster.Pass(0s);
    CHECK(cluster.launcher.launched == 2);
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 1);
}

// --- stop ------------------------------------------------------------------------------------

TEST_CASE("a stop: each gets the signal once, nobody is replaced, all are asked ends") {
    Cluster cluster(2);
    cluster.StartAndServe();
    cluster.Ask();
    CHECK(cluster.Log() == "stop:signal:SIGTERM ");
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1, 2}));
    cluster.Ask();
    CHECK(kernel::TakeSignals().empty());
    cluster.Exit(1, 0);
    CHECK(cluster.finished == 0);
    cluster.Exit(2, 0);
    CHECK(cluster.Log() == "exit0! exit0! ");
    CHECK(cluster.finished == 1);
    CHECK(cluster.launcher.launched == 2);
    CHECK(cluster.pool.GetOutcome().kind == Kind::STOPPED);
    CHECK_FALSE(cluster.pool.GetOutcome().failure);
}

TEST_CASE("in a stop the first that did not end with 0 counts") {
    Cluster cluster(3);
    cluster.StartAndServe();
    cluster.Ask();
    cluster.Exit(1, 0);
    cluster.Die(2, SIGTERM);
    cluster.Exit(3, 9);
    CHECK(cluster.pool.GetOutcome().failure->killed);
    CHECK(cluster.pool.GetOutcome().failure->number == SIGTERM);
}

TEST_CASE("a crash before the stop does not count in it") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.Die(1, SIGSEGV);
    cluster.Pass(1s);
    cluster.Ask();
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 1);
    CHECK_FALSE(cluster.pool.GetOutcome().failure);
}

TEST_CASE("who does not end is killed after the timeout, or at once when somebody is impatient") {
    Cluster cluster(2);
    cluster.StartAndServe();
    cluster.Ask();
    cluster.Exit(1, 0);
    kernel::TakeSignals();
    cluster.Pass(7999ms);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(1ms);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {2}));
    cluster.Die(2, SIGKILL);
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().failure->number == SIGKILL);

    Cluster hurried(1);
    hurried.StartAndServe();
    hurried.Ask();
    kernel::TakeSignals();
    hurried.Pass(1s);
    hurried.Ask();
    CHECK(kernel::TakeSignals() == hurried.Signals("KILL", {1}));
}

TEST_CASE("the delay: serving goes on, a crash in it is not healed") {
    Cluster cluster(2, true, 5s);
    cluster.StartAndServe();
    cluster.Ask();
    CHECK(kernel::TakeSignals().empty());
    cluster.Die(1, SIGSEGV);
    CHECK(cluster.Log() == "stop:signal:SIGTERM exitSIGSEGV! ");
    cluster.Pass(5s);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
    CHECK(cluster.launcher.launched == 2);
}

TEST_CASE("what the terminal has sent to all is not sent a second time, a kill is") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.Ask(SIGINT, true);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(8s);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {1}));
}

TEST_CASE("a stop during the start: the rest is not started") {
    Cluster cluster(3);
    cluster.pool.Start();
    cluster.Ask();
    cluster.Pass(0s);
    CHECK(cluster.launcher.launched == 1);
    cluster.Die(1, SIGTERM);
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::STOPPED); // asked for: no boot failure
}

TEST_CASE("a stop while a slot waits for its next worker") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.Exit(1, 1);
    cluster.Ask();
    CHECK(cluster.finished == 1);
    cluster.Pass(1h);
    CHECK(cluster.launcher.launched == 1);
}

TEST_CASE(
    "a stop while one slot waits for its next worker and the other takes its time: no abort") {
    Cluster cluster(2);
    cluster.StartAndServe();
    cluster.Die(1, SIGKILL);
    cluster.Ask();
    cluster.Pass(2s); // past the pause
    CHECK(cluster.launcher.launched == 2);
    CHECK(cluster.finished == 0);
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 1);
}

// --- relay, reaping --------------------------------------------------------------------------

TEST_CASE("a signal is relayed to every worker that lives, once") {
    Cluster cluster(3);
    cluster.StartAndServe();
    cluster.Exit(2, 0);
    kernel::TakeSignals();
    cluster.pool.Relay(SIGUSR1);
    CHECK(kernel::TakeSignals() == cluster.Signals("USR1", {1, 3}));
}

TEST_CASE("several deaths in one look, and strangers among them") {
    Cluster cluster(2);
    cluster.StartAndServe();
    kernel::Exit(4711, 3); // an orphan that was nobody's
    kernel::SetChildren(3);
    kernel::Exit(Cluster::Pid(2), 0);
    kernel::Exit(Cluster::Pid(1), 0);
    cluster.launcher.alive = 0;
    cluster.pool.Reap();
    CHECK(cluster.Log() == "exit0 restart1 exit0 restart1 ");
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(1s);
    CHECK(cluster.launcher.launched == 4);
}

TEST_CASE("a process that has been reaped gets no signal any more") {
    Cluster cluster(2);
    cluster.Start();
    kernel::Exit(Cluster::Pid(1), 1);
    kernel::Exit(Cluster::Pid(2), 1);
    cluster.launcher.alive = 0;
    cluster.pool
        .Reap(); // the first is a boot failure, and with it the second would be asked to stop
    CHECK(kernel::TakeSignals().empty());
    CHECK(cluster.finished == 1);
}

TEST_CASE("nothing has ended: nothing happens") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.pool.Reap();
    CHECK(cluster.Log().empty());
    CHECK(cluster.finished == 0);
}

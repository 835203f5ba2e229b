#include "unit/pool/FakeCluster.hxx"

#include <doctest/doctest.h>

#include <cerrno>

using namespace unit;
using Kind = Outcome::Kind;

// --- healing ---------------------------------------------------------------------------------

TEST_CASE("a worker that ends early is replaced after a tenth of a second or so, under a new id") {
    Cluster cluster(2);
    cluster.StartAndServe();
    cluster.Die(1, SIGSEGV);
    CHECK(cluster.Log() == "exitSIGSEGV restart100 ");
    cluster.Pass(79ms);
    CHECK(cluster.Log().empty());
    cluster.Pass(41ms);
    CHECK(cluster.Log() == "fork online ");
    CHECK(cluster.launcher.id == "3");
    CHECK(cluster.finished == 0);
    cluster.Pass(3s);
    CHECK(cluster.Log() == "ready "); // up is said once
}

TEST_CASE("one that was ready for ten seconds is replaced at once") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.Pass(10s);
    cluster.Exit(1, 0);
    CHECK(cluster.Log() == "exit0 restart0 fork online "); // no time has passed
}

TEST_CASE("a start that fails later is tried again after a delay") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.Pass(10s);
    cluster.launcher.failure = spawn::LaunchFailure{spawn::ExecStage::EXEC, ENOENT};
    cluster.Exit(1, 0);
    cluster.Pass(0s);
    CHECK(cluster.Log() == "exit0 restart0 error:exec restart100 ");
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

// --- limits ----------------------------------------------------------------------------------

namespace {

constexpr auto LONG_ENOUGH = 120ms; // for the first delay with its jitter

/** Worker `n` and its five successors in the same slot end at once; the slot is over its limit then. */
int Fail(Cluster &cluster, int n, int status = 1) {
    cluster.Exit(n, status);
    for (int i = 0; i < 5; i++) {
        cluster.Pass(LONG_ENOUGH * (1 << i));
        n = cluster.launcher.launched;
        cluster.Exit(n, status);
    }
    return n;
}

PoolSpec Spec(unsigned slots, RestartWhen when, std::vector<int> exit_ok = {}) {
    PoolSpec spec = Cluster::MakeSpec(slots);
    spec.restart.when = when;
    spec.restart.exit_ok = std::move(exit_ok);
    return spec;
}

PoolSpec KillingSpec(unsigned slots, bool serving) {
    PoolSpec spec = Cluster::MakeSpec(slots, serving);
    spec.kill_others_on_fail = true;
    return spec;
}

} // namespace

TEST_CASE("one of four slots always crashes while three serve: it fails, is tried again, and comes "
          "back") {
    Cluster cluster(4);
    cluster.StartAndServe();
    Fail(cluster, 2);
    std::string expected;
    for (const char *delay : {"100", "200", "400", "800", "1600"})
        expected.append("exit1 restart").append(delay).append(" fork online ");
    CHECK(cluster.Log() == expected + "exit1 failed1 restart10000 ");
    CHECK(cluster.finished == 0);
    CHECK(kernel::TakeSignals().empty());

    // Every ten seconds, said as failed only once.
    for (int i = 0; i < 50; i++) {
        cluster.Pass(9999ms);
        CHECK(cluster.Log().empty());
        cluster.Pass(1ms);
        CHECK(cluster.Log() == "fork online ");
        cluster.Exit(cluster.launcher.launched, 1);
        CHECK(cluster.Log() == "exit1 restart10000 ");
    }

    // Ready for less than ten seconds is not enough.
    cluster.Pass(10s);
    cluster.Pass(3s);
    cluster.Pass(9999ms);
    cluster.Exit(cluster.launcher.launched, 1);
    CHECK(cluster.Log() == "fork online ready exit1 restart10000 ");
    cluster.Pass(10s);
    cluster.Pass(3s);
    cluster.Pass(10s);
    cluster.Exit(cluster.launcher.launched, 1);
    CHECK(cluster.Log() == "fork online ready exit1 restart0 fork online ");
    cluster.Exit(cluster.launcher.launched, 1);
    CHECK(cluster.Log() == "exit1 restart100 ");

    // The other three have never been touched.
    cluster.Ask();
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1, 3, 4}));
    CHECK(cluster.pool.GetOutcome().kind == Kind::STOPPED);
}

TEST_CASE("every slot has failed: the end, with the status of the last") {
    Cluster cluster(2);
    cluster.StartAndServe();
    Fail(cluster, 1, 3);
    CHECK(cluster.finished == 0);
    cluster.Log();
    Fail(cluster, 2, 4);
    CHECK(cluster.Log().ends_with("exit4 failed1 error:restart "));
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::GIVEN_UP);
    CHECK(cluster.pool.GetOutcome().failure->number == 4);
    const int launched = cluster.launcher.launched;
    cluster.Pass(1h);
    CHECK(cluster.launcher.launched == launched);
}

TEST_CASE("the only slot has failed: that is the end") {
    Cluster cluster(1);
    cluster.StartAndServe();
    Fail(cluster, 1, 0);
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::GIVEN_UP);
    CHECK(cluster.pool.GetOutcome().failure->IsSuccess());
}

TEST_CASE("a slot that had failed and serves again is hope enough") {
    Cluster cluster(2);
    cluster.StartAndServe();
    Fail(cluster, 1);
    cluster.Pass(10s);
    cluster.Pass(3s); // slot 0 is ready again
    Fail(cluster, 2);
    CHECK(cluster.finished == 0);
    CHECK(cluster.Log().ends_with("failed1 restart10000 "));
}

TEST_CASE("starts that fail count as ends: the last of them is the status") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.launcher.failure = spawn::LaunchFailure{spawn::ExecStage::EXEC, EACCES};
    cluster.launcher.keeps_failing = true;
    cluster.Exit(1, 9);
    for (int i = 0; i < 5; i++)
        cluster.Pass(LONG_ENOUGH * (1 << i));
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::GIVEN_UP);
    CHECK(cluster.pool.GetOutcome().launch_failure->error == EACCES);
}

TEST_CASE("a stop while a slot has failed") {
    Cluster cluster(2);
    cluster.StartAndServe();
    Fail(cluster, 1);
    cluster.Ask();
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::STOPPED);
    CHECK_FALSE(cluster.pool.GetOutcome().failure);
}

// --- which are replaced ----------------------------------------------------------------------

TEST_CASE("on-failure: who has succeeded is not replaced, and when all have it is a success") {
    Cluster cluster(Spec(2, RestartWhen::ON_FAILURE, {9}));
    cluster.Start();
    cluster.Log();
    cluster.Exit(1, 0); // before any was ready: its work is done
    CHECK(cluster.Log() == "exit0 ");
    cluster.Pass(3s);
    cluster.Exit(2, 5);
    CHECK(cluster.Log() == "ready exit5 restart100 ");
    cluster.Pass(LONG_ENOUGH);
    cluster.Exit(3, 9);
    CHECK(cluster.finished == 1);
    CHECK(cluster.launcher.launched == 3);
    CHECK(cluster.pool.GetOutcome().kind == Kind::COMPLETED);
    CHECK_FALSE(cluster.pool.GetOutcome().failure);
}

TEST_CASE("on-failure: one that fails before any was ready is a boot failure") {
    Cluster cluster(Spec(2, RestartWhen::ON_FAILURE));
    cluster.Start();
    cluster.Exit(1, 0);
    cluster.Exit(2, 5);
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::BOOT_FAILED);
    CHECK(cluster.pool.GetOutcome().failure->number == 5);
}

TEST_CASE("on-failure: the last that served succeeds, the rest has failed") {
    Cluster cluster(Spec(2, RestartWhen::ON_FAILURE));
    cluster.StartAndServe();
    Fail(cluster, 1, 3);
    CHECK(cluster.finished == 0);
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::GIVEN_UP);
    CHECK(cluster.pool.GetOutcome().failure->number == 3);
}

TEST_CASE("on-failure: one has succeeded, the other fails for good") {
    Cluster cluster(Spec(2, RestartWhen::ON_FAILURE));
    cluster.StartAndServe();
    cluster.Exit(2, 0);
    Fail(cluster, 1, 3);
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::GIVEN_UP);
    CHECK(cluster.pool.GetOutcome().failure->number == 3);
}

TEST_CASE("no: none is replaced, the first that failed counts, also in a stop") {
    for (const bool stopped : {false, true}) {
        CAPTURE(stopped);
        Cluster cluster(Spec(3, RestartWhen::NO));
        cluster.StartAndServe();
        cluster.Exit(1, 0);
        cluster.Exit(2, 6);
        CHECK(cluster.Log() == "exit0 exit6 ");
        CHECK(cluster.finished == 0);
        if (stopped)
            cluster.Ask();
        cluster.Exit(3, 7);
        CHECK(cluster.finished == 1);
        CHECK(cluster.launcher.launched == 3);
        CHECK(cluster.pool.GetOutcome().kind == (stopped ? Kind::STOPPED : Kind::COMPLETED));
        CHECK(cluster.pool.GetOutcome().failure->number == 6);
    }
}

TEST_CASE("no: a serving cluster can fail to boot all the same") {
    Cluster cluster(Spec(2, RestartWhen::NO));
    cluster.Start();
    cluster.Exit(1, 0);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
    CHECK(cluster.pool.GetOutcome().kind == Kind::BOOT_FAILED);
}

TEST_CASE("no: a worker that cannot be started later is a failure") {
    Cluster cluster(Spec(2, RestartWhen::NO));
    cluster.pool.Start();
    cluster.clock.Advance(3s);
    cluster.facts.Ready({1, 0, 1, Cluster::Pid(1)}, Sign::ALIVE);
    cluster.launcher.failure = spawn::LaunchFailure{spawn::ExecStage::CLONE, EAGAIN};
    cluster.Pass(0s);
    CHECK(cluster.finished == 0);
    cluster.Exit(1, 0);
    CHECK(cluster.finished == 1);
    CHECK(cluster.launcher.launched == 1);
    CHECK(cluster.pool.GetOutcome().launch_failure->error == EAGAIN);
}

TEST_CASE("exit-ok: a success in jobs and in a stop, killed by signal N is 128+N") {
    PoolSpec jobs = Cluster::MakeSpec(3, false);
    jobs.restart.exit_ok = {3, 143};
    Cluster cluster(jobs);
    cluster.Start();
    cluster.Exit(1, 3);
    cluster.Die(2, SIGTERM);
    CHECK_FALSE(cluster.pool.GetOutcome().failure);
    cluster.Exit(3, 4);
    CHECK(cluster.pool.GetOutcome().failure->number == 4);

    Cluster serving(Spec(2, RestartWhen::ALWAYS, {143, 9}));
    serving.StartAndServe();
    serving.Exit(1, 9); // replaced: always
    CHECK(serving.Log() == "exit9 restart100 ");
    serving.Pass(LONG_ENOUGH);
    serving.Ask();
    serving.Die(2, SIGTERM);
    serving.Exit(3, 9);
    CHECK(serving.finished == 1);
    CHECK_FALSE(serving.pool.GetOutcome().failure);
}

// --- one ends all ----------------------------------------------------------------------------

TEST_CASE("kill-others-on-fail: the first failure ends all, jobs and servers") {
    for (const bool serving : {false, true}) {
        CAPTURE(serving);
        Cluster cluster(KillingSpec(3, serving));
        cluster.StartAndServe();
        cluster.Exit(2, 5);
        CHECK(cluster.Log() == "exit5 error:fail stop:a worker failed ");
        CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1, 3}));
        cluster.Exit(1, 6);
        cluster.Pass(8s);
        CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {3}));
        cluster.Die(3, SIGKILL);
        CHECK(cluster.Log() == "exit6! exitSIGKILL! ");
        CHECK(cluster.finished == 1);
        CHECK(cluster.launcher.launched == 3);
        CHECK(cluster.pool.GetOutcome().kind == Kind::ONE_FAILED);
        CHECK(cluster.pool.GetOutcome().failure->number == 5);
    }
}

TEST_CASE("kill-others-on-fail: a success ends nobody, and a worker that serves is replaced") {
    Cluster jobs(KillingSpec(2, false));
    jobs.Start();
    jobs.Exit(1, 0);
    CHECK(kernel::TakeSignals().empty());
    jobs.Exit(2, 0);
    CHECK(jobs.pool.GetOutcome().kind == Kind::COMPLETED);

    Cluster serving(KillingSpec(2, true));
    serving.StartAndServe();
    serving.Exit(1, 0);
    CHECK(serving.Log() == "exit0 restart100 ");
    CHECK(kernel::TakeSignals().empty());
    serving.launcher.failure = spawn::LaunchFailure{spawn::ExecStage::EXEC, ENOENT};
    serving.Pass(LONG_ENOUGH);
    CHECK(kernel::TakeSignals() == serving.Signals("TERM", {2}));
    CHECK(serving.pool.GetOutcome().kind == Kind::LAUNCH_FAILED);
}

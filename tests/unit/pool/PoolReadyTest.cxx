#include "unit/pool/FakeCluster.hxx"

#include <doctest/doctest.h>

// How workers become ready, and what happens to those that do not.

using namespace unit;
using Kind = Outcome::Kind;

namespace {

PoolSpec By(const char *rule, unsigned slots, RestartWhen when = RestartWhen::ALWAYS) {
    PoolSpec spec = Cluster::MakeSpec(slots);
    spec.ready = ParseReady(rule).value();
    spec.ready.timeout = 60s;
    spec.restart.when = when;
    return spec;
}

void Say(Cluster &cluster, unsigned id, unsigned slot, Sign sign = Sign::NOTIFY) {
    cluster.facts.Ready({id, slot, 1, Cluster::Pid(static_cast<int>(id))}, sign);
}

WorkerRef Ref(unsigned id, unsigned slot) {
    return {id, slot, 1, Cluster::Pid(static_cast<int>(id))};
}

} // namespace

// --- rules -----------------------------------------------------------------------------------

TEST_CASE("exec: ready as soon as it executes, up when all do") {
    Cluster cluster(By("exec", 2));
    cluster.Start();
    CHECK(cluster.Log() == "fork online ready fork online ready up ");
    Say(cluster, 1, 0);
    cluster.Pass(1h);
    CHECK(cluster.Log().empty());
    CHECK(kernel::TakeSignals().empty());
}

TEST_CASE("notify: only what it says counts") {
    Cluster cluster(By("notify", 2));
    cluster.Start();
    cluster.Log();
    cluster.Pass(59s);
    CHECK(cluster.Log().empty());
    Say(cluster, 2, 1);
    CHECK(cluster.Log() == "ready ");
    Say(cluster, 2, 1);
    CHECK(cluster.Log().empty());
    Say(cluster, 1, 0);
    CHECK(cluster.Log() == "ready up ");
}

TEST_CASE("auto: after one has said it, the others are not ready just because they are alive") {
    Cluster cluster(By("auto", 3));
    cluster.Start();
    cluster.Log();
    Say(cluster, 1, 0);
    cluster.Pass(30s);
    CHECK(cluster.Log() == "ready ");
    Say(cluster, 2, 1);
    Say(cluster, 3, 2);
    CHECK(cluster.Log() == "ready ready up ");
}

TEST_CASE("auto: one that says it late was ready already; its replacement has to say it") {
    Cluster cluster(By("auto", 1));
    cluster.StartAndServe();
    Say(cluster, 1, 0);
    cluster.Exit(1, 1);
    cluster.Pass(1s);
    CHECK(cluster.Log() == "exit1 restart100 fork online ");
    cluster.Pass(10s);
    CHECK(cluster.Log().empty());
    Say(cluster, 2, 0);
    CHECK(cluster.Log() == "ready ");
}

TEST_CASE("a duration: alive for so long, whatever the limit for the others") {
    Cluster cluster(By("2m", 1));
    cluster.Start();
    cluster.Pass(119s);
    Say(cluster, 1, 0);
    CHECK(cluster.Log() == "fork online ");
    cluster.Pass(1s);
    CHECK(cluster.Log() == "ready up ");
}

TEST_CASE("jobs are never ready") {
    PoolSpec spec = Cluster::MakeSpec(1, false);
    spec.ready.by = ReadyBy::EXEC;
    Cluster cluster(spec);
    cluster.Start();
    cluster.Pass(1h);
    CHECK(cluster.Log() == "fork online ");
    CHECK(kernel::TakeSignals().empty());
}

// --- not in time -----------------------------------------------------------------------------

TEST_CASE("none is ready in time: signal, kill, and a boot failure that is never 0") {
    Cluster cluster(By("notify", 2));
    cluster.Start();
    cluster.Log();
    cluster.Pass(59999ms);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(1ms);
    CHECK(cluster.Log() == "error:ready error:ready ");
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1, 2}));
    Say(cluster, 1, 0); // too late
    cluster.Pass(7999ms);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(1ms);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {1, 2}));
    cluster.Exit(1, 0);
    CHECK(cluster.Log() == "exit0 error:boot stop:boot failure ");
    CHECK(kernel::TakeSignals().empty()); // the other has been told
    cluster.Die(2, SIGKILL);
    CHECK(cluster.Log() == "exitSIGKILL! ");
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::BOOT_FAILED);
    CHECK(cluster.pool.GetOutcome().failure->Code() == 0);
    CHECK(cluster.launcher.launched == 2);
}

TEST_CASE("one is not, another serves: replaced, after the usual delay") {
    for (const auto when : {RestartWhen::ALWAYS, RestartWhen::ON_FAILURE}) {
        Cluster cluster(By("notify", 2, when));
        cluster.Start();
        Say(cluster, 1, 0);
        cluster.Log();
        cluster.Pass(60s);
        CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
        cluster.Exit(2, 0); // no success, though
        CHECK(cluster.Log() == "error:ready exit0 restart100 ");
        cluster.Pass(1s);
        CHECK(cluster.Log() == "fork online ");
        cluster.Pass(60s);
        cluster.Exit(3, 0);
        CHECK(cluster.Log() == "error:ready exit0 restart200 ");
        kernel::TakeSignals();
        cluster.Pass(30s);
        CHECK(kernel::TakeSignals().empty()); // the kill of the last one is forgotten
        Say(cluster, 4, 1);
        cluster.Pass(1h);
        CHECK(cluster.Log() == "fork online ready up ");
        CHECK(kernel::TakeSignals().empty());
    }
}

TEST_CASE("--restart no: it fails the cluster, whose last worker ends it") {
    Cluster cluster(By("notify", 2, RestartWhen::NO));
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.Pass(60s);
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 0);
    cluster.Exit(1, 0);
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::COMPLETED);
    CHECK(cluster.pool.GetOutcome().failure);
    CHECK(cluster.launcher.launched == 2);
}

TEST_CASE("--kill-others-on-fail: not being ready is to fail") {
    PoolSpec spec = By("notify", 2);
    spec.kill_others_on_fail = true;
    Cluster cluster(spec);
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.Pass(60s);
    kernel::TakeSignals();
    cluster.Exit(2, 0);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1}));
    cluster.Exit(1, 0);
    CHECK(cluster.pool.GetOutcome().kind == Kind::ONE_FAILED);
}

TEST_CASE("no limit") {
    PoolSpec spec = By("notify", 1);
    spec.ready.timeout = 0s;
    Cluster cluster(spec);
    cluster.Start();
    cluster.Pass(24h);
    CHECK(kernel::TakeSignals().empty());
    Say(cluster, 1, 0);
    CHECK(cluster.Log() == "fork online ready up ");
}

TEST_CASE("a replacement that ends before its time has a limit of its own") {
    Cluster cluster(By("notify", 2));
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.Pass(50s);
    cluster.Exit(2, 1);
    cluster.Pass(5s);
    CHECK(cluster.launcher.launched == 3);
    kernel::TakeSignals();
    cluster.Pass(59s);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(1s);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {3}));
}

// --- in a stop -------------------------------------------------------------------------------

TEST_CASE("a stop while it starts: no longer any hurry to be ready") {
    PoolSpec spec = By("notify", 1);
    spec.stop.delay = 5s;
    spec.ready.timeout = 2s;
    Cluster cluster(spec);
    cluster.Start();
    cluster.Ask();
    cluster.Log();
    cluster.Pass(3s);
    CHECK(cluster.Log().empty());
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(2s);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1}));
    cluster.Exit(1, 0);
    CHECK(cluster.Log() == "exit0! ");
    CHECK(cluster.finished == 1);
    CHECK_FALSE(cluster.pool.GetOutcome().failure);
}

TEST_CASE("a stop while one that was not ready is ending: its signal once, its status counts") {
    Cluster cluster(By("notify", 2));
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.Pass(60s);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
    cluster.Ask();
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1}));
    cluster.Exit(1, 0);
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().kind == Kind::STOPPED);
    CHECK_FALSE(cluster.pool.GetOutcome().failure);
}

// --- more time -------------------------------------------------------------------------------

TEST_CASE("who asks for time gets it, from then on, and as often as it asks") {
    Cluster cluster(By("notify", 1));
    cluster.Start();
    cluster.Log();
    cluster.facts.Extend(Ref(1, 0), 1s); // the limit is later
    cluster.Pass(59s);
    CHECK(kernel::TakeSignals().empty());
    for (int i = 0; i < 3; i++) {
        cluster.facts.Extend(Ref(1, 0), 30s);
        cluster.Pass(29s);
        CHECK(kernel::TakeSignals().empty());
    }
    cluster.Pass(1s);
    CHECK(cluster.Log() == "error:ready ");
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1}));
    cluster.facts.Extend(Ref(1, 0), 20s); // now it is the time to end
    cluster.Pass(19s);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(1s);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {1}));
}

TEST_CASE("in a stop it puts off its own kill; one that is gone puts off nothing") {
    Cluster cluster(By("exec", 3));
    cluster.Start();
    cluster.facts.Extend(Ref(1, 0), 1h); // it is ready, and there is no stop
    cluster.Ask();
    cluster.facts.Extend(Ref(1, 0), 20s);
    cluster.Exit(3, 0);
    cluster.facts.Extend(Ref(3, 2), 1h);
    kernel::TakeSignals();
    cluster.Pass(8s);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {2}));
    cluster.Pass(11999ms);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(1ms);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {1}));
}

TEST_CASE("an old worker has no say for the new one") {
    Cluster cluster(By("notify", 1));
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.Exit(1, 1);
    cluster.Pass(1s);
    cluster.Log();
    cluster.facts.Extend(Ref(1, 0), 1h);
    cluster.facts.Stopping(Ref(1, 0));
    Say(cluster, 1, 0);
    cluster.Pass(60s);
    CHECK(cluster.Log() == "error:ready ");
}

// --- the last words --------------------------------------------------------------------------

namespace {

/** Tells the pool that the worker is ready when it is told of its end, as what reads a queue does. */
class LastWords final : public Agent {
public:
    explicit LastWords(Facts &_facts) : facts(_facts) {}
    void Started(const WorkerRef &, spawn::Launched &) noexcept override {}
    void Gone(const WorkerRef &worker, ExitStatus) noexcept override {
        facts.Extend(worker, 1min);
        facts.Ready(worker, Sign::NOTIFY);
    }

private:
    Facts &facts;
};

} // namespace

TEST_CASE("one that says it as it ends was ready: no boot failure, and it is replaced") {
    Cluster cluster(By("notify", 1));
    LastWords last(cluster.pool.GetFacts());
    cluster.pool.Add(last);
    cluster.Start();
    cluster.Log();
    cluster.Exit(1, 0);
    CHECK(cluster.Log() == "ready up exit0 restart100 ");
    cluster.Pass(1s);
    CHECK(cluster.Log() == "fork online ");
    CHECK(kernel::TakeSignals().empty());
}

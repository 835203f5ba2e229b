#include "unit/pool/FakeCluster.hxx"

#include <doctest/doctest.h>

#include <cerrno>

using namespace unit;
using Kind = Outcome::Kind;

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
    cluster.facts.Ready({1, 0, 1, Cluster::Pid(1)}, Sign::ALIVE);
    CHECK(cluster.Log().empty());
    cluster.facts.Ready({2, 0, 1, Cluster::Pid(2)}, Sign::ALIVE);
    CHECK(cluster.Log() == "ready ");
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
    cluster.Ask(SIGTERM, true);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(8s);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {1}));
}

TEST_CASE("a worker that another signal of the terminal does not end gets its own after 2 s") {
    Cluster cluster(2);
    cluster.StartAndServe();
    cluster.Ask(SIGINT, true);
    CHECK(kernel::TakeSignals().empty());
    cluster.Exit(1, 0);
    cluster.Pass(2s);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
    cluster.Pass(6s);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {2}));
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
    cluster.pool.Relay({SIGUSR1});
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
    cluster.Reap();
    CHECK(cluster.Log() == "exit0 restart100 exit0 restart100 ");
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
    // The first is a boot failure, and with it the second would be asked to stop.
    cluster.Reap();
    CHECK(kernel::TakeSignals().empty());
    CHECK(cluster.finished == 1);
}

TEST_CASE("nothing has ended: nothing happens") {
    Cluster cluster(1);
    cluster.StartAndServe();
    cluster.Reap();
    CHECK(cluster.Log().empty());
    CHECK(cluster.finished == 0);
}

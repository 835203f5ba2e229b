#include "unit/pool/FakeCluster.hxx"

#include <doctest/doctest.h>

#include <cerrno>

// Slots with several workers at the same time, and numbers of slots that change.

using namespace unit;

namespace {

/** What became of a replacement. */
struct Asked {
    int done = 0;
    bool replaced = false;

    void OnDone(bool _replaced) noexcept {
        done++;
        replaced = _replaced;
    }
    Replaced Callback() noexcept { return Replaced::Make<&Asked::OnDone>(*this); }
};

/** One worker each is ready as soon as it says so. */
PoolSpec ByNotify(unsigned slots) {
    PoolSpec spec = Cluster::MakeSpec(slots);
    spec.ready = ParseReady("notify").value();
    spec.ready.timeout = 60s;
    return spec;
}

void Say(Cluster &cluster, unsigned id, unsigned slot) {
    cluster.facts.Ready({id, slot, 1, Cluster::Pid(static_cast<int>(id))}, Sign::NOTIFY);
}

} // namespace

TEST_CASE("a worker is replaced: the successor is ready first, then the old one leaves") {
    Cluster cluster(ByNotify(1));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.Log();
    cluster.pool.Replace(0, asked.Callback());
    CHECK(cluster.Log() == "fork online ");
    CHECK(asked.done == 0);
    CHECK(kernel::TakeSignals().empty()); // the old one serves until the new one does
    Say(cluster, 2, 0);
    CHECK(cluster.Log() == "ready ");
    CHECK((asked.done == 1 && asked.replaced));
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1}));
    cluster.Die(1, SIGTERM);
    CHECK(cluster.Log() == "exitSIGTERM! "); // asked for: not replaced
    cluster.Pass(1h);
    CHECK(cluster.launcher.launched == 2);
    CHECK(cluster.pool.GetOutcome().kind == Outcome::Kind::COMPLETED);
}

TEST_CASE("a worker that was replaced and does not end is killed by its own ladder") {
    Cluster cluster(ByNotify(1));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.pool.Replace(0, asked.Callback());
    Say(cluster, 2, 0);
    kernel::TakeSignals();
    cluster.Pass(8s);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {1}));
    cluster.Die(1, SIGKILL);
    // A second one may be on its way out while the next is replaced.
    cluster.pool.Replace(0, asked.Callback());
    Say(cluster, 3, 0);
    cluster.pool.Replace(0, asked.Callback());
    Say(cluster, 4, 0);
    CHECK(asked.done == 3);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2, 3}));
    cluster.Exit(3, 0);
    cluster.Exit(2, 0);
    cluster.Ask();
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {4}));
    cluster.Exit(4, 0);
    CHECK(cluster.finished == 1);
}

TEST_CASE("a successor that fails changes nothing: the worker that was there stays") {
    Cluster cluster(ByNotify(1));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.Log();
    cluster.pool.Replace(0, asked.Callback());
    cluster.Exit(2, 1);
    CHECK(cluster.Log() == "fork online exit1 ");
    CHECK((asked.done == 1 && !asked.replaced));
    CHECK(kernel::TakeSignals().empty());

    cluster.launcher.failure = spawn::LaunchFailure{spawn::ExecStage::EXEC, ENOENT};
    cluster.pool.Replace(0, asked.Callback());
    CHECK(cluster.Log() == "error:exec ");
    CHECK((asked.done == 2 && !asked.replaced));

    cluster.pool.Replace(0, asked.Callback());
    cluster.Pass(60s); // not ready in time
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {3}));
    cluster.Die(3, SIGTERM);
    CHECK((asked.done == 3 && !asked.replaced));
    CHECK(cluster.pool.GetOutcome().kind == Outcome::Kind::COMPLETED);
}

TEST_CASE("the worker dies while its successor starts: that takes its place") {
    Cluster cluster(ByNotify(1));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.pool.Replace(0, asked.Callback());
    cluster.Die(1, SIGSEGV);
    CHECK((asked.done == 1 && asked.replaced));
    cluster.Pass(1s);
    CHECK(cluster.launcher.launched == 2); // no third one
    Say(cluster, 2, 0);
    cluster.Log();
    cluster.Exit(2, 1); // and from here on it is replaced as any other
    CHECK(cluster.Log() == "exit1 restart200 ");
}

TEST_CASE("a stop in the middle of a replacement ends both") {
    Cluster cluster(ByNotify(1));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.pool.Replace(0, asked.Callback());
    cluster.Ask();
    CHECK((asked.done == 1 && !asked.replaced));
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1, 2}));
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 0);
    cluster.Exit(1, 0);
    CHECK(cluster.finished == 1);
    cluster.pool.Replace(0, asked.Callback()); // nothing to replace any more
    CHECK((asked.done == 2 && !asked.replaced));
}

TEST_CASE("a slot that waits for its next worker starts it at once") {
    Cluster cluster(ByNotify(1));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.Exit(1, 1);
    CHECK(cluster.launcher.launched == 1);
    cluster.pool.Replace(0, asked.Callback());
    CHECK(cluster.launcher.launched == 2);
    CHECK((asked.done == 1 && asked.replaced));
    cluster.Pass(1s);
    CHECK(cluster.launcher.launched == 2);
}

TEST_CASE("fewer slots: the last ones retire, and their ends decide nothing") {
    PoolSpec spec = ByNotify(3);
    spec.kill_others_on_fail = true;
    Cluster cluster(std::move(spec));
    cluster.Start();
    for (unsigned id = 1; id <= 3; id++)
        Say(cluster, id, id - 1);
    struct Counter final : PoolObserver {
        void OnScale(unsigned workers) noexcept override { told = workers; }
        unsigned told = 0;
    } counter;
    cluster.pool.Observe(counter);
    cluster.pool.Scale(1);
    CHECK(counter.told == 1);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {3, 2}));
    cluster.Die(3, SIGTERM);
    cluster.Exit(2, 5);
    cluster.Pass(1h);
    CHECK(cluster.launcher.launched == 3);
    CHECK(cluster.pool.GetOutcome().kind == Outcome::Kind::COMPLETED);
    cluster.pool.Scale(0); // one stays
    CHECK(kernel::TakeSignals().empty());
    cluster.Ask();
    cluster.Exit(1, 0);
    CHECK(cluster.finished == 1);
}

TEST_CASE("more slots again: the numbers of those that retired are used once they are gone") {
    Cluster cluster(ByNotify(2));
    cluster.Start();
    Say(cluster, 1, 0);
    Say(cluster, 2, 1);
    cluster.pool.Scale(1);
    cluster.pool.Scale(2); // slot 1 is still on its way out
    CHECK(cluster.launcher.launched == 2);
    cluster.Exit(2, 0);
    cluster.Pass(0s);
    CHECK(cluster.launcher.launched == 3);
    Say(cluster, 3, 1);
    CHECK(cluster.facts.IsComplete());
}

TEST_CASE("fewer slots: the one with the lower number ends first") {
    Cluster cluster(ByNotify(3));
    cluster.Start();
    for (unsigned id = 1; id <= 3; id++)
        Say(cluster, id, id - 1);
    cluster.pool.Scale(1);
    cluster.Exit(2, 0);
    cluster.Pass(0s);
    cluster.Exit(3, 0);
    cluster.Pass(0s);
    cluster.pool.Scale(2);
    cluster.Pass(0s);
    CHECK(cluster.launcher.launched == 4);
    CHECK(cluster.launcher.id == "4");
}

TEST_CASE("fewer slots, and all that are left are ready: up") {
    Cluster cluster(ByNotify(2));
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.Log();
    cluster.pool.Scale(1);
    CHECK(cluster.Log() == "up ");
}

TEST_CASE("the first TERM does not kill a worker that was replaced before and still drains") {
    Cluster cluster(ByNotify(1));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.pool.Replace(0, asked.Callback());
    Say(cluster, 2, 0);
    cluster.Pass(5s);
    kernel::TakeSignals();
    cluster.Ask();
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
    cluster.Pass(1s);
    cluster.Ask(); // now somebody is impatient
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {2, 1}));
}

TEST_CASE("the worker and its successor end together: nothing was replaced, and a new one starts") {
    Cluster cluster(ByNotify(1));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.pool.Replace(0, asked.Callback());
    kernel::Exit(Cluster::Pid(2), 1);
    kernel::Exit(Cluster::Pid(1), 0);
    cluster.launcher.alive = 0;
    cluster.Reap();
    CHECK((asked.done == 1 && !asked.replaced));
    cluster.Pass(1s);
    CHECK(cluster.launcher.launched == 3);
}

TEST_CASE("a slot that gets no more workers stays empty, whatever of it still drains") {
    PoolSpec spec = ByNotify(2);
    spec.restart.when = RestartWhen::ON_FAILURE;
    Cluster cluster(spec);
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    Say(cluster, 2, 1);
    cluster.pool.Replace(0, asked.Callback());
    Say(cluster, 3, 0);
    cluster.Exit(3, 0); // it has done its work, and its predecessor still drains
    cluster.Exit(1, 0);
    cluster.Pass(1h);
    CHECK(cluster.launcher.launched == 3);
}

TEST_CASE("a successor cannot have its slot's own port while the old worker has it") {
    PoolSpec spec = ByNotify(2);
    spec.old_first = true;
    Cluster cluster(std::move(spec));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    Say(cluster, 2, 1);
    cluster.Log();
    cluster.pool.Replace(0, asked.Callback());
    CHECK(cluster.launcher.launched == 2);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {1}));
    Asked again;
    cluster.pool.Replace(0, again.Callback()); // that is under way
    CHECK((again.done == 1 && !again.replaced));
    CHECK(asked.done == 0);
    cluster.Pass(8s);
    CHECK(kernel::TakeSignals() == cluster.Signals("KILL", {1}));
    cluster.Die(1, SIGKILL);
    CHECK(cluster.Log() == "exitSIGKILL! fork online "); // no restart: it was asked for
    CHECK((asked.done == 1 && asked.replaced));
    CHECK(cluster.launcher.launched == 3);
    Say(cluster, 3, 0);
    CHECK(cluster.facts.IsComplete());
    CHECK(cluster.pool.GetOutcome().kind == Outcome::Kind::COMPLETED);
    cluster.Ask();
    cluster.Exit(3, 0);
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 1);
}

TEST_CASE("a stop while the old worker ends before the next one: there is no next one") {
    PoolSpec spec = ByNotify(1);
    spec.old_first = true;
    Cluster cluster(std::move(spec));
    Asked asked;
    cluster.Start();
    Say(cluster, 1, 0);
    cluster.pool.Replace(0, asked.Callback());
    cluster.Ask();
    CHECK((asked.done == 1 && !asked.replaced));
    cluster.Exit(1, 0);
    CHECK(cluster.launcher.launched == 1);
    CHECK(cluster.finished == 1);
}

TEST_CASE("4,096 workers have all seats, and a successor finds none") {
    Cluster cluster(ByNotify(net::MOST_SEATS));
    Asked asked;
    cluster.Start();
    for (unsigned id = 1; id <= net::MOST_SEATS; id++)
        Say(cluster, id, id - 1);
    cluster.Log();
    cluster.pool.Replace(4, asked.Callback());
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {5}));
    cluster.Exit(5, 0);
    CHECK(cluster.Log() == "exit0! fork online ");
    CHECK((asked.done == 1 && asked.replaced));
}

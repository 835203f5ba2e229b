#include "unit/pool/FakeCluster.hxx"

#include <doctest/doctest.h>

using namespace unit;

namespace {

/** Writes down what it is told. */
class Friend final : public PoolObserver {
public:
    void OnUp() noexcept override { log += "up "; }
    void OnStop(const StopRequest &request) noexcept override {
        log.append("stop:").append(request.reason).append(" ");
    }
    void OnStopKill() noexcept override { log += "kill "; }
    void OnAllGone() noexcept override { log += "gone "; }
    bool HoldsUp() const noexcept override { return running; }
    void OnEnd(ExitStatus status) noexcept {
        running = false;
        log.append("end").append(std::to_string(status.Code())).append(" ");
    }

    util::BoundMethod<void(ExitStatus)> Callback() noexcept {
        return util::BoundMethod<void(ExitStatus)>::Make<&Friend::OnEnd>(*this);
    }

    std::string log;
    bool running = false;
};

constexpr pid_t COMPANION = kernel::FIRST_PID + 1000;

} // namespace

TEST_CASE("a companion's end is told once, and no worker's") {
    Cluster cluster(1);
    Friend other;
    cluster.StartAndServe();
    cluster.reaper.AddCompanion(sys::Process(COMPANION), other.Callback());
    cluster.launcher.alive++;
    kernel::SetChildren(cluster.launcher.alive);
    kernel::Exit(COMPANION, 5);
    cluster.launcher.alive--;
    cluster.Reap();
    CHECK(other.log == "end5 ");
    CHECK(cluster.Log().empty());
    cluster.Reap();
    CHECK(other.log == "end5 ");
}

TEST_CASE("the end of the cluster does not wait for a companion, but for one that is awaited") {
    for (const bool awaited : {false, true}) {
        CAPTURE(awaited);
        Cluster cluster(1);
        Friend other;
        cluster.pool.Observe(other);
        cluster.StartAndServe();
        other.running = awaited;
        cluster.reaper.AddCompanion(sys::Process(COMPANION), other.Callback());
        kernel::SetChildren(++cluster.launcher.alive);
        cluster.Ask();
        cluster.Exit(1, 0);
        CHECK(cluster.finished == (awaited ? 0 : 1));
        CHECK(other.log == (awaited ? "up stop:signal gone " : "up stop:signal "));
        if (awaited) {
            kernel::Die(COMPANION, SIGTERM);
            cluster.launcher.alive--;
            cluster.Reap();
            CHECK(other.log == "up stop:signal gone end143 ");
            CHECK(cluster.finished == 1);
        }
    }
}

TEST_CASE(
    "the observer is told that it is up, that it stops and that the time is over, once each") {
    Cluster cluster(2);
    Friend other;
    cluster.pool.Observe(other);
    cluster.StartAndServe();
    cluster.Exit(1, 1);
    cluster.Pass(1s);
    cluster.Pass(3s);
    CHECK(other.log == "up ");
    cluster.Ask();
    cluster.Ask();
    cluster.Pass(8s);
    CHECK(other.log == "up stop:signal kill ");
}

#include "unit/pool/Descendants.hxx"
#include "unit/pool/FakeCluster.hxx"

#include <doctest/doctest.h>

#include <csignal>

// Which worker a daemon belongs to that its worker has started and left. The daemon has a session
// of its own and no marks, and younger workers could have left it as well.

using namespace pool;
using unit::Fork;
using unit::InLauncher;
using unit::IsGone;
using unit::Launcher;
using unit::Told;
using namespace std::chrono_literals;

namespace {

/** Starts real processes. One of them, counted from 0, has a daemon. */
class ForkingLauncher final : public spawn::Launcher {
public:
    explicit ForkingLauncher(std::size_t _with_daemon) : with_daemon(_with_daemon) {}

    std::variant<spawn::Forked, spawn::LaunchFailure> Launch(
        spawn::LaunchSpec &) noexcept override {
        const bool has_daemon = pids.size() == with_daemon;
        pids.push_back(Fork([&] {
            setpgid(0, 0);
            if (has_daemon)
                Fork([this] {
                    setsid();
                    told.Say(getpid());
                });
        }));
        if (has_daemon)
            daemon = told.Hear();
        return spawn::Forked{pids.back()};
    }

    const std::size_t with_daemon;
    Told told;
    pid_t daemon = 0;
    std::vector<pid_t> pids;
};

/** A pool with real workers. */
struct Served {
    Served(unsigned slots, std::size_t with_daemon)
        : table(policy, slots), launcher(with_daemon),
          pool(base.loop, reporter, table, base.reaper, base.orphans, launcher, Spec(slots), 1,
               util::BoundMethod<void()>::Make<&Served::OnFinished>(*this)) {
        pool.Start();
        CHECK(Until([&] { return launcher.pids.size() == slots; }));
    }

    static PoolSpec Spec(unsigned slots) {
        PoolSpec spec = unit::Cluster::MakeSpec(slots);
        spec.ready = ParseReady("notify").value();
        spec.ready.timeout = 60s;
        return spec;
    }

    void Ready(unsigned id, unsigned slot) {
        pool.GetFacts().Ready({id, slot, 1, launcher.pids.at(id - 1)}, Sign::NOTIFY);
    }

    bool Until(const std::function<bool()> &condition) { return base.Until(condition); }

    /** The daemon ends with its worker while the other worker lives. */
    bool DaemonEnds() {
        const pid_t worker = launcher.pids[launcher.with_daemon];
        return Until([&] { return IsGone(worker) && IsGone(launcher.daemon); }) &&
               !IsGone(launcher.pids[1 - launcher.with_daemon]);
    }

    void OnFinished() noexcept {}

    Launcher base;
    report::Reporter reporter;
    unit::NoPolicy policy;
    net::ListenerTable table;
    ForkingLauncher launcher;
    Pool pool;
};

} // namespace

TEST_CASE("a daemon of a worker that was replaced outlives it until the cluster ends") {
    CHECK(InLauncher([] {
              Served served(1, 0);
              served.Ready(1, 0);
              served.pool.Replace(0, {});
              FORKED_CHECK(served.launcher.pids.size() == 2);
              served.Ready(2, 0);
              FORKED_CHECK(served.DaemonEnds());
              return 0;
          }) == 0);
}

TEST_CASE("a daemon of a worker that is one too many outlives it until the cluster ends") {
    CHECK(InLauncher([] {
              Served served(2, 1);
              served.Ready(1, 0);
              served.Ready(2, 1);
              served.pool.Scale(1);
              FORKED_CHECK(served.DaemonEnds());
              return 0;
          }) == 0);
}

TEST_CASE("a daemon of a worker that was not ready in time outlives it until the cluster ends") {
    CHECK(InLauncher([] {
              Served served(2, 1);
              served.Ready(1, 0);
              served.base.clock.Advance(60s);
              FORKED_CHECK(served.DaemonEnds());
              return 0;
          }) == 0);
}

TEST_CASE("a look at the descendants of a worker holds up the loop until all are seen") {
    CHECK(InLauncher([] {
              constexpr std::size_t MANY = 300;
              Launcher launcher;
              Told told;
              Launcher::Worker worker;
              launcher.Start(worker, [&told] {
                  for (std::size_t i = 0; i < MANY; i++)
                      Fork([&told] { told.Say(getpid()); });
              });
              for (std::size_t i = 0; i < MANY; i++)
                  FORKED_CHECK(told.Hear() != 0);
              const auto seen = [&launcher] {
                  return launcher.reaper.Families().back().members.size();
              };
              launcher.orphans.Remember(worker.ref);
              FORKED_CHECK(seen() > 0 && seen() < MANY);
              launcher.loop.Turn(loop::Loop::Wait::NO);
              FORKED_CHECK(seen() < MANY);
              FORKED_CHECK(launcher.Until([&] { return seen() == MANY; }));
              return 0;
          }) == 0);
}

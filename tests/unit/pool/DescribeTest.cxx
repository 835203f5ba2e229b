#include "unit/pool/FakeCluster.hxx"

#include "pool/WorkerFactory.hxx"

#include <doctest/doctest.h>

#include <optional>

// A slot with its workers is described, and made again by the launcher that takes this one's place.

using namespace unit;

namespace {

/** What slots need, without a pool. */
class Stage final : public SlotOwner {
public:
    Stage() : factory(context, spec) { kernel::Reset(); }

    /** The launcher that takes this one's place. */
    explicit Stage(const Stage &before)
        : clock(before.clock), launcher(before.launcher), reaper(before.reaper.Describe()),
          factory(context, spec, before.factory.LastId()) {
        table.TakeSeat(0);
    }
    Stage &operator=(const Stage &) = delete;

    bool Replaces(const WorkerEnd &) const noexcept override { return true; }
    void OnOnline(Worker &) noexcept override { log += "online "; }
    void OnReady(Worker &) noexcept override { log += "ready "; }
    void OnEnded(const Slot &, const WorkerEnd &end) noexcept override {
        log += end.oom ? "oom " : "ended" + std::to_string(end.status.Code()) + " ";
    }
    void OnCleared(const Worker &) noexcept override {}
    bool OnFailed() noexcept override { return true; }
    void OnFinished() noexcept override { log += "finished "; }
    void OnRoom() noexcept {}
    void OnReplaced(bool replaced) noexcept { log += replaced ? "replaced " : "kept "; }

    void Pass(std::chrono::milliseconds time) {
        clock.Advance(time);
        loop.Turn(loop::Loop::Wait::NO);
    }

    std::unique_ptr<Slot> Make(const Slot::Description &described) {
        const TriggerQueue::Batch batch(triggers);
        auto made = std::make_unique<Slot>(described, context, *this);
        CHECK(made->Describe() == described);
        return made;
    }

    void Exit(int n, int status) {
        kernel::Exit(Cluster::Pid(n), status);
        launcher.alive--;
        reaper.Reap();
        for (int i = 0; i < 4; i++)
            loop.Turn(loop::Loop::Wait::NO);
    }

    void Replace(Slot &slot) { slot.Replace(Replaced::Make<&Stage::OnReplaced>(*this)); }

    std::string Log() { return std::exchange(log, {}); }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    std::string log;
    report::Reporter reporter;
    NoPolicy policy;
    net::ListenerTable table{policy, 4};
    FakeLauncher launcher;
    TriggerQueue triggers;
    Agents agents;
    OomCheck oom;
    Reaper reaper;
    NoMarks marks;
    Orphans orphans{loop, reaper, marks};
    RestartPolicy restart{RestartSpec{RestartWhen::ALWAYS, 5, 30s, {}}, 1};
    const StopSpec stop{SIGTERM, 8s, 0ms};
    Starter starter{loop,   launcher, table,
                    agents, oom,      util::BoundMethod<void()>::Make<&Stage::OnRoom>(*this)};
    std::shared_ptr<const WorkerSpec> spec = Cluster::MakeSpec(1).worker;
    WorkerFactory factory;
    const Context context{loop,   reporter, table, triggers, agents,  starter,
                          reaper, orphans,  oom,   factory,  restart, stop};
};

} // namespace

TEST_CASE("described, made and described again: a slot in its backoff, with its history") {
    Stage before;
    Slot slot(before.context, before, 0);
    slot.Run();
    before.Exit(1, 3);
    before.Pass(121ms); // at most 20 % later
    before.Exit(2, 3);
    CHECK(slot.State() == SlotState::BACKOFF);
    CHECK(slot.Describe().history.ends.size() == 2);

    Stage after(before);
    const auto made = after.Make(slot.Describe());
    after.Pass(159ms); // 200 ms less 20 %
    CHECK(after.launcher.launched == 2);
    after.Pass(82ms);
    CHECK(after.launcher.launched == 3);
    CHECK(after.launcher.id == "3"); // no id is used twice
    for (int n = 3; n <= 6; n++) {
        after.Exit(n, 3);
        CHECK(made->HasFailed() == (n == 6));
        after.Pass(2s);
    }
}

TEST_CASE("described, made and described again: a worker that leaves, and one that is ready") {
    Stage before;
    Slot slot(before.context, before, 0);
    slot.Run();
    slot.Workers().Current()->BecomeReady(Sign::NOTIFY);
    before.Replace(slot);
    slot.Workers().Successor()->BecomeReady(Sign::NOTIFY);
    before.Pass(5s);
    CHECK(kernel::TakeSignals() == "TERM 2147400001 ");
    CHECK(before.Log() == "online ready online ready replaced ");

    Stage after(before);
    const auto made = after.Make(slot.Describe());
    after.Pass(2999ms);
    CHECK(kernel::TakeSignals().empty());
    after.Pass(1ms);
    CHECK(kernel::TakeSignals() == "KILL 2147400001 "); // eight seconds after the begin of its stop
    after.Exit(1, 0);
    CHECK(after.Log().empty()); // its end decides nothing
    CHECK(made->Workers().All().size() == 1);
    CHECK(made->IsReady());
    after.Pass(2s);
    after.Exit(2, 4);
    CHECK(after.Log() == "ended4 online ");
    CHECK(made->LastEnd().ready_for == 10s); // 5 s before, 5 s after
    CHECK(after.launcher.launched == 3); // so it is replaced at once
}

TEST_CASE("described, made and described again: a worker that is not ready in time, later") {
    Stage before;
    Slot slot(before.context, before, 0);
    slot.Run();
    slot.Workers().Current()->LimitStart(60s);
    before.Pass(50s);

    Stage after(before);
    const auto made = after.Make(slot.Describe());
    after.Pass(9999ms);
    CHECK(kernel::TakeSignals().empty());
    after.Pass(1ms);
    CHECK(kernel::TakeSignals() == "TERM 2147400001 ");
    after.Exit(1, 0);
    CHECK(made->LastEnd().not_ready);
}

TEST_CASE("described, made and described again: a worker whose leftovers are awaited") {
    Stage before;
    Slot slot(before.context, before, 0);
    slot.Run();
    kernel::SetChildren(2);
    kernel::Exit(Cluster::Pid(1), 0);
    before.reaper.Reap();
    CHECK(slot.Workers().Current()->State() == WorkerState::CLEARING);

    Stage after(before);
    const auto made = after.Make(slot.Describe());
    CHECK(after.Log().empty()); // the old launcher's slot knew of its end
    CHECK(made->Workers().Current()->State() == WorkerState::CLEARING);
    for (int i = 0; i < 4; i++)
        after.loop.Turn(loop::Loop::Wait::NO);
    CHECK(made->Workers().IsEmpty()); // there are none
    CHECK(made->State() == SlotState::BACKOFF);
}

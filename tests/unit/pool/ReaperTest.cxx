#include "pool/Reaper.hxx"
#include "unit/pool/Descendants.hxx"

#include <doctest/doctest.h>

#include <cerrno>

using namespace pool;
using unit::Fork;
using unit::InLauncher;
using unit::Launcher;

namespace {

/** Signals the other one as soon as it hears of its own end. */
struct Avenger {
    Launcher &launcher;
    ChildId mine{}, other{};
    int error = -1;
    bool other_was_there = true;
    int status = -1;

    void OnEnd(ExitStatus _status) noexcept {
        status = _status.Code();
        other_was_there = launcher.reaper.Has(other);
        error = launcher.reaper.Signal(other, SIGKILL);
    }
    Reaper::OnEnd Callback() noexcept { return Reaper::OnEnd::Make<&Avenger::OnEnd>(*this); }
};

bool AwaitZombie(pid_t pid) {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0;
}

struct Diary final : ReapObserver {
    void OnReaped(const ReapResult &result) noexcept override {
        log += result.worker_failed ? "reaped,failed " : "reaped ";
    }
    void OnDelivered(const ReapResult &result) noexcept override {
        log += result.other_ended ? "delivered,other " : "delivered ";
    }
    void OnWorker(ExitStatus status) noexcept {
        log += "worker" + std::to_string(status.Code()) + " ";
    }
    void OnCompanion(ExitStatus status) noexcept {
        log += "companion" + std::to_string(status.Code()) + " ";
    }
    std::string log;
};

} // namespace

TEST_CASE("two that end at the same time: none of them is signalled by its number afterwards") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Avenger one{launcher}, two{launcher};
              const pid_t first = Fork([] { _exit(3); }), second = Fork([] { _exit(4); });
              one.mine = two.other =
                  launcher.reaper.AddWorker({1, 0, 1, first}, sys::Process(first), one.Callback());
              two.mine = one.other =
                  launcher.reaper.AddCompanion(sys::Process(second), two.Callback());
              FORKED_CHECK(AwaitZombie(first) && AwaitZombie(second));
              FORKED_CHECK(launcher.reaper.Signal(one.mine, SIGTERM) == 0);
              launcher.reaper.Reap();
              FORKED_CHECK(one.status == 3 && two.status == 4);
              FORKED_CHECK(!one.other_was_there && one.error == ESRCH);
              FORKED_CHECK(!two.other_was_there && two.error == ESRCH);
              FORKED_CHECK(!launcher.reaper.HasChildren());
              return 0;
          }) == 0);
}

TEST_CASE("observers hear before and after; workers are told before companions") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Diary diary;
              launcher.reaper.Observe(diary);
              const pid_t companion = Fork([] { _exit(0); }), worker = Fork([] { _exit(7); });
              launcher.reaper.AddCompanion(sys::Process(companion),
                                           Reaper::OnEnd::Make<&Diary::OnCompanion>(diary));
              launcher.reaper.AddWorker({1, 0, 1, worker}, sys::Process(worker),
                                        Reaper::OnEnd::Make<&Diary::OnWorker>(diary));
              FORKED_CHECK(AwaitZombie(companion) && AwaitZombie(worker));
              launcher.reaper.Reap();
              FORKED_CHECK(diary.log == "reaped,failed worker7 companion0 delivered,other ");
              launcher.reaper.Reap();
              FORKED_CHECK(diary.log == "reaped,failed worker7 companion0 delivered,other ");
              launcher.reaper.Ignore(diary);
              return 0;
          }) == 0);
}

TEST_CASE("children that were there before are inherited, reaped, and nobody is told") {
    CHECK(InLauncher([] {
              const pid_t before = Fork();
              Launcher launcher;
              Launcher::Worker worker;
              launcher.Start(worker);
              FORKED_CHECK(launcher.reaper.RoleOf(before) == ChildRole::INHERITED);
              FORKED_CHECK(launcher.reaper.RoleOf(worker.ref.pid) == ChildRole::WORKER);
              FORKED_CHECK(!launcher.reaper.RoleOf(getpid()));
              kill(before, SIGKILL);
              FORKED_CHECK(launcher.Until([&] { return !launcher.reaper.RoleOf(before); }));
              FORKED_CHECK(!sys::ReadProcessStat(before));
              FORKED_CHECK(!worker.has_ended);
              return 0;
          }) == 0);
}

TEST_CASE("an id names one child, not whoever has its number later") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Launcher::Worker worker;
              launcher.Start(worker);
              const ChildId stale{worker.child.pid, worker.child.serial - 1};
              FORKED_CHECK(launcher.reaper.Signal(stale, SIGKILL) == ESRCH);
              FORKED_CHECK(launcher.reaper.Signal({}, SIGKILL) == ESRCH);
              FORKED_CHECK(launcher.reaper.Signal(worker.child, 0) == 0);
              FORKED_CHECK(launcher.reaper.SignalGroup(worker.child, SIGKILL) == 0);
              FORKED_CHECK(launcher.Until([&] { return worker.has_ended; }));
              FORKED_CHECK(launcher.reaper.SignalGroup(worker.child, SIGKILL) == ESRCH);
              return 0;
          }) == 0);
}

TEST_CASE("whoever is disowned ends without anybody being told") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Launcher::Worker worker;
              launcher.Start(worker);
              launcher.reaper.Disown(worker.child);
              launcher.reaper.Signal(worker.child, SIGKILL);
              FORKED_CHECK(launcher.Until([&] { return !launcher.reaper.Has(worker.child); }));
              FORKED_CHECK(!worker.has_ended);
              return 0;
          }) == 0);
}

TEST_CASE("described, made and described again: every child keeps its role and its owner") {
    CHECK(InLauncher([] {
              const pid_t before = Fork();
              unit::Told told;
              Launcher launcher;
              Launcher::Worker worker;
              launcher.Start(worker, [&told] { unit::Daemonize(told, false); });
              const pid_t left = told.Hear();
              const pid_t companion = Fork();
              launcher.reaper.AddCompanion(sys::Process(companion), {}, true);
              const auto orphan = Orphan::Look(left);
              FORKED_CHECK(orphan);
              launcher.reaper.AddLeftover(*orphan, {Owner::Kind::WORKER, worker.ref.id});
              launcher.reaper.NoteMembers({Owner::Kind::WORKER, worker.ref.id}, worker.ref.pid,
                                          {orphan->name});
              const Reaper::Description described = launcher.reaper.Describe();
              FORKED_CHECK(described.children.size() == 3 && described.leftovers.size() == 1);
              // As after exec(2): the old one does not act any more.
              Reaper &made = *new Reaper(described); // NOLINT
              FORKED_CHECK(made.Describe() == described);
              FORKED_CHECK(made.HasChildren());
              FORKED_CHECK(made.RoleOf(before) == ChildRole::INHERITED);
              FORKED_CHECK(made.RoleOf(companion) == ChildRole::COMPANION);
              FORKED_CHECK(made.RoleOf(worker.ref.pid) == ChildRole::WORKER);
              FORKED_CHECK(made.RoleOf(left) == ChildRole::LEFTOVER);
              made.Attend(worker.child, Reaper::OnEnd::Make<&Launcher::Worker::OnEnd>(worker));
              FORKED_CHECK(made.Signal(worker.child, SIGKILL) == 0);
              FORKED_CHECK(harness::WaitFor([&] {
                  made.Reap();
                  return worker.has_ended;
              }));
              FORKED_CHECK(!made.Has(worker.child));
              // The next child has a name that none had before.
              FORKED_CHECK(made.AddCompanion(sys::Process(Fork()), {}).serial ==
                           described.last_serial + 1);
              return 0;
          }) == 0);
}

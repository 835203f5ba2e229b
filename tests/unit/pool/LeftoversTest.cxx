#include "pool/Leftovers.hxx"
#include "unit/pool/Descendants.hxx"

#include <doctest/doctest.h>

#include <sys/ptrace.h>

using namespace pool;
using unit::Clearing;
using unit::Daemonize;
using unit::Fork;
using unit::InLauncher;
using unit::IsGone;
using unit::Launcher;
using unit::Told;

namespace {

void IgnoreTerm() {
    (void)signal(SIGTERM, SIG_IGN);
}

/** Becomes sleep(1) with these marks. */
void ExecuteMarked(const Told &told, const char *run, const char *id) {
    const std::string first = std::string("CLUSTERIZE_RUN=") + run;
    const std::string second = std::string("CLUSTERIZE_WORKER_ID=") + id;
    const char *const argv[] = {"sleep", "1000", nullptr};
    const char *const envp[] = {first.c_str(), second.c_str(), nullptr};
    told.Say(getpid());
    execve("/bin/sleep", const_cast<char **>(argv), const_cast<char **>(envp));
    _exit(127);
}

bool Executes(pid_t pid) {
    return harness::WaitFor([pid] {
        const auto environment = sys::ProcessEnvironment::Read(pid);
        return environment && environment->Find("CLUSTERIZE_RUN");
    });
}

} // namespace

TEST_CASE("a worker that has left nothing: at once if there is no child, else after a search") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Launcher::Worker one, other;
              Clearing clearing(launcher), last(launcher);
              launcher.Start(one);
              launcher.Start(other);
              FORKED_CHECK(launcher.End(one));
              FORKED_CHECK(!clearing.leftovers.Begin(one.ref, SIGTERM));
              FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
              FORKED_CHECK(launcher.End(other));
              FORKED_CHECK(last.leftovers.Begin(other.ref, SIGTERM));
              FORKED_CHECK(launcher.reaper.Families().empty());
              return 0;
          }) == 0);
}

TEST_CASE("a member of its process group gets the signal once, and the worker is clear when it has "
          "ended") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Told told;
              Launcher::Worker worker, other;
              launcher.Start(worker, [&told] { Daemonize(told, false); });
              launcher.Start(other);
              const pid_t left = told.Hear();
              FORKED_CHECK(launcher.End(worker));
              Clearing clearing(launcher);
              FORKED_CHECK(!clearing.leftovers.Begin(worker.ref, SIGTERM));
              FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
              FORKED_CHECK(IsGone(left));
              FORKED_CHECK(!other.has_ended);
              return 0;
          }) == 0);
}

TEST_CASE("a daemon of a living worker, in a session of its own, survives the end of another one") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Told told;
              Launcher::Worker living, ended;
              launcher.Start(living, [&told] { Daemonize(told, true); });
              const pid_t daemon = told.Hear();
              launcher.Start(ended);
              FORKED_CHECK(launcher.End(ended));
              Clearing clearing(launcher);
              FORKED_CHECK(!clearing.leftovers.Begin(ended.ref, SIGKILL));
              FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
              FORKED_CHECK(launcher.reaper.RoleOf(daemon) == ChildRole::LEFTOVER);
              FORKED_CHECK(!IsGone(daemon));
              // It ends with the cluster.
              FORKED_CHECK(launcher.End(living));
              Clearing own(launcher), rest(launcher);
              own.leftovers.Begin(living.ref, SIGKILL);
              FORKED_CHECK(launcher.Until([&] { return own.done; }));
              FORKED_CHECK(!IsGone(daemon));
              FORKED_CHECK(!rest.leftovers.BeginAll(SIGKILL));
              FORKED_CHECK(launcher.Until([&] { return rest.done; }));
              FORKED_CHECK(IsGone(daemon));
              return 0;
          }) == 0);
}

TEST_CASE(
    "the same daemon ends with its worker if nobody else can have left it, but not below PID 1") {
    for (const bool strangers : {false, true}) {
        CAPTURE(strangers);
        CHECK(InLauncher([strangers] {
                  Launcher launcher;
                  Told told;
                  Launcher::Worker worker;
                  launcher.orphans.SetStrangers(strangers);
                  launcher.Start(worker, [&told] { Daemonize(told, true); });
                  const pid_t daemon = told.Hear();
                  FORKED_CHECK(launcher.End(worker));
                  Clearing clearing(launcher), rest(launcher);
                  FORKED_CHECK(!clearing.leftovers.Begin(worker.ref, SIGTERM));
                  FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
                  FORKED_CHECK(IsGone(daemon) == !strangers);
                  if (!rest.leftovers.BeginAll(SIGTERM))
                      FORKED_CHECK(launcher.Until([&] { return rest.done; }));
                  FORKED_CHECK(IsGone(daemon) == !strangers);
                  return 0;
              }) == 0);
    }
}

TEST_CASE(
    "descendants that were looked at before the end belong to it, whatever they have become") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Told told;
              Launcher::Worker worker, other;
              launcher.Start(other);
              launcher.Start(worker, [&told] {
                  Fork([&told] {
                      setsid();
                      told.Say(getpid());
                  });
              });
              const pid_t daemon = told.Hear();
              launcher.orphans.Remember(worker.ref);
              FORKED_CHECK(launcher.End(worker));
              Clearing clearing(launcher);
              FORKED_CHECK(!clearing.leftovers.Begin(worker.ref, SIGTERM));
              FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
              FORKED_CHECK(IsGone(daemon));
              return 0;
          }) == 0);
}

TEST_CASE("the mark in the environment: this worker's, and not that of another worker or run") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Told first, second, third; // daemons speak in any order
              Launcher::Worker worker, other;
              launcher.Start(other);
              launcher.Start(worker, [&] {
                  Daemonize(first, true, [&] { ExecuteMarked(first, "the-run", "2"); });
                  Daemonize(second, true, [&] { ExecuteMarked(second, "the-run", "1"); });
                  Daemonize(third, true, [&] { ExecuteMarked(third, "the-runs", "2"); });
              });
              const pid_t mine = first.Hear(), others = second.Hear(), foreign = third.Hear();
              FORKED_CHECK(Executes(mine) && Executes(others) && Executes(foreign));
              FORKED_CHECK(launcher.End(worker));
              Clearing clearing(launcher);
              FORKED_CHECK(!clearing.leftovers.Begin(worker.ref, SIGTERM));
              FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
              FORKED_CHECK(IsGone(mine) && !IsGone(others) && !IsGone(foreign));
              return 0;
          }) == 0);
}

TEST_CASE("inherited children and what comes from them are left alone, also at the end") {
    CHECK(InLauncher([] {
              Told told;
              Launcher *made = nullptr;
              const pid_t helper = Fork([&told] {
                  Fork([&told] {
                      setsid();
                      told.Say(getpid());
                  });
              });
              const pid_t grandchild = told.Hear();
              Launcher launcher;
              made = &launcher;
              Launcher::Worker worker;
              launcher.Start(worker);
              kill(helper, SIGKILL);
              FORKED_CHECK(made->Until([&] { return !launcher.reaper.RoleOf(helper); }));
              FORKED_CHECK(launcher.End(worker));
              Clearing clearing(launcher), rest(launcher);
              FORKED_CHECK(!clearing.leftovers.Begin(worker.ref, SIGKILL));
              FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
              FORKED_CHECK(!rest.leftovers.BeginAll(SIGKILL));
              FORKED_CHECK(launcher.Until([&] { return rest.done; }));
              FORKED_CHECK(!IsGone(grandchild));
              return 0;
          }) == 0);
}

TEST_CASE("leftovers that ignore the stop signal are killed, with their descendants in sessions of "
          "their own") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Told told;
              Launcher::Worker worker, other;
              launcher.Start(other);
              launcher.Start(worker, [&told] {
                  Daemonize(told, false, [&told] {
                      IgnoreTerm();
                      Fork([&told] {
                          IgnoreTerm();
                          setsid();
                          told.Say(getpid());
                      });
                  });
              });
              const pid_t one = told.Hear(), two = told.Hear();
              FORKED_CHECK(launcher.End(worker));
              Clearing clearing(launcher);
              FORKED_CHECK(!clearing.leftovers.Begin(worker.ref, SIGTERM));
              for (int i = 0; i < 20; i++)
                  launcher.loop.Turn(loop::Loop::Wait::NO);
              FORKED_CHECK(!clearing.done && !IsGone(one) && !IsGone(two));
              clearing.leftovers.Kill();
              FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
              FORKED_CHECK(IsGone(one) && IsGone(two));
              return 0;
          }) == 0);
}

TEST_CASE(
    "a leftover that another process traces is given up: its end is not the launcher's to see") {
    CHECK(InLauncher([] {
              Launcher launcher;
              Told told;
              Launcher::Worker worker;
              launcher.Start(worker, [&told] {
                  Daemonize(told, false, [] { prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); });
              });
              const pid_t left = told.Hear();
              const pid_t tracer = Fork([&told, left] {
                  const bool traced = ptrace(PTRACE_SEIZE, left, nullptr, nullptr) == 0;
                  told.Say(traced ? getpid() : 0);
              });
              launcher.reaper.AddCompanion(sys::Process(tracer), {}); // it is nobody's leftover
              if (told.Hear() == 0)
                  return 0; // it may not be traced here
              FORKED_CHECK(launcher.End(worker));
              Clearing clearing(launcher);
              clearing.leftovers.Kill();
              FORKED_CHECK(!clearing.leftovers.Begin(worker.ref, SIGTERM));
              FORKED_CHECK(launcher.Until([&] { return IsGone(left); }));
              for (int i = 0; i < 20; i++)
                  launcher.loop.Turn(loop::Loop::Wait::NO);
              FORKED_CHECK(!clearing.done);
              launcher.clock.Advance(Leftovers::STUCK_AFTER);
              FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
              FORKED_CHECK(clearing.leftovers.AreStuck());
              return 0;
          }) == 0);
}

TEST_CASE("hundreds of orphans take several turns, and all of them are found") {
    CHECK(InLauncher([] {
              constexpr int MANY = 300;
              Launcher launcher;
              Told told;
              Launcher::Worker worker;
              launcher.Start(worker, [&told] {
                  for (int i = 0; i < MANY; i++)
                      Fork([&told] { told.Say(getpid()); });
              });
              for (int i = 0; i < MANY; i++)
                  FORKED_CHECK(told.Hear() != 0);
              FORKED_CHECK(launcher.End(worker));
              Clearing clearing(launcher);
              FORKED_CHECK(!clearing.leftovers.Begin(worker.ref, SIGTERM));
              const auto seen = [&launcher] {
                  return launcher.reaper.Leftovers([](const Owner &) { return true; }).size();
              };
              launcher.loop.Turn(loop::Loop::Wait::NO);
              FORKED_CHECK(seen() > 0 && seen() < MANY);
              FORKED_CHECK(launcher.Until([&] { return clearing.done; }));
              FORKED_CHECK(seen() == 0 && !launcher.reaper.HasChildren());
              return 0;
          }) == 0);
}

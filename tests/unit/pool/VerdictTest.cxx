#include "pool/Verdict.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>

using namespace pool;
using Kind = Outcome::Kind;

namespace {

Verdict Make(RestartWhen when = RestartWhen::ALWAYS, bool kill_others_on_fail = false) {
    RestartSpec spec;
    spec.when = when;
    return {spec, kill_others_on_fail};
}

WorkerEnd Exit(int status) {
    WorkerEnd end;
    end.status = {false, status};
    return end;
}

WorkerEnd Failed() {
    WorkerEnd end;
    end.launch_failure = spawn::LaunchFailure{spawn::ExecStage::EXEC, ENOENT};
    return end;
}

} // namespace

TEST_CASE("an end before any worker was ready ends a cluster that serves, with its status") {
    Verdict verdict = Make();
    const auto ending = verdict.OnEnd(Exit(3), true, false);
    REQUIRE(ending);
    CHECK(ending->reason == "boot failure");
    CHECK(verdict.GetOutcome().kind == Kind::BOOT_FAILED);
    CHECK(verdict.GetOutcome().failure->number == 3);
}

TEST_CASE("after one was ready, an end decides nothing") {
    Verdict verdict = Make();
    verdict.OnReady();
    CHECK_FALSE(verdict.OnEnd(Exit(3), true, false));
    CHECK(verdict.IsOpen());
    CHECK_FALSE(verdict.GetOutcome().failure);
}

TEST_CASE("jobs: the first that fails counts, and ends nobody") {
    Verdict verdict = Make(RestartWhen::NO);
    CHECK_FALSE(verdict.OnEnd(Exit(0), false, false));
    CHECK_FALSE(verdict.OnEnd(Exit(5), false, false));
    CHECK_FALSE(verdict.OnEnd(Exit(6), false, false));
    CHECK(verdict.GetOutcome().failure->number == 5);
}

TEST_CASE("in a stop the first that did not succeed counts") {
    Verdict verdict = Make();
    verdict.OnReady();
    verdict.OnEnd(Exit(9), true, false); // it was replaced
    verdict.OnStop();
    verdict.OnEnd(Exit(0), true, true);
    verdict.OnEnd(Exit(7), true, true);
    CHECK(verdict.GetOutcome().kind == Kind::STOPPED);
    CHECK(verdict.GetOutcome().failure->number == 7);
}

TEST_CASE("a command that cannot be started ends all as long as nothing has served") {
    Verdict verdict = Make();
    REQUIRE(verdict.OnEnd(Failed(), true, false));
    CHECK(verdict.GetOutcome().kind == Kind::LAUNCH_FAILED);
    CHECK(verdict.GetOutcome().launch_failure->error == ENOENT);
    CHECK_FALSE(verdict.GetOutcome().failure);

    Verdict later = Make();
    later.OnReady();
    CHECK_FALSE(later.OnEnd(Failed(), true, false));
}

TEST_CASE("the first failure ends all if that was asked for; later ones change nothing") {
    Verdict verdict = Make(RestartWhen::ALWAYS, true);
    verdict.OnReady();
    REQUIRE(verdict.OnEnd(Exit(4), true, false));
    CHECK_FALSE(verdict.OnEnd(Exit(5), true, true));
    CHECK(verdict.GetOutcome().kind == Kind::ONE_FAILED);
    CHECK(verdict.GetOutcome().failure->number == 4);
}

TEST_CASE("every slot has failed: the status is the last one's") {
    Verdict verdict = Make();
    verdict.OnReady();
    verdict.OnEnd(Exit(1), true, false);
    CHECK(verdict.OnGiveUp(Exit(2)).reason == "every slot has failed");
    CHECK(verdict.GetOutcome().kind == Kind::GIVEN_UP);
    CHECK(verdict.GetOutcome().failure->number == 2);
}

TEST_CASE("a process that nothing can end is told apart, in a stop") {
    WorkerEnd stuck;
    stuck.status = {true, SIGKILL};
    stuck.stuck = true;
    Verdict verdict = Make();
    verdict.OnReady();
    verdict.OnEnd(stuck, true, false);
    CHECK_FALSE(verdict.GetOutcome().stuck); // its slot goes on
    verdict.OnStop();
    verdict.OnEnd(stuck, true, true);
    CHECK(verdict.GetOutcome().stuck);
}

TEST_CASE("on-failure: a worker that succeeded has done its work, before any was ready, too") {
    Verdict verdict = Make(RestartWhen::ON_FAILURE);
    CHECK_FALSE(verdict.OnEnd(Exit(0), true, false));
    CHECK(verdict.OnEnd(Exit(1), true, false));
}

#include "sys/ProcessIds.hxx"
#include "harness/Skip.hxx"
#include "unit/Forked.hxx"
#include "unit/sys/DockerRights.hxx"

#include <doctest/doctest.h>

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>

using namespace sys;

TEST_CASE("this process, and a thread of it") {
    const mode_t mask = umask(037);
    const auto own = ReadProcessIds(getpid());
    std::optional<ProcessIds> by_thread;
    std::thread([&] {
        by_thread = ReadProcessIds(static_cast<pid_t>(syscall(SYS_gettid)));
    }).join();
    umask(mask);
    for (const auto &ids : {own, by_thread}) {
        REQUIRE(ids);
        CHECK(ids->uid == geteuid());
        CHECK(ids->gid == getegid());
        CHECK(ids->umask == 037);
        CHECK(ids->process == getpid());
        CHECK(ids->groups.size() == static_cast<std::size_t>(getgroups(0, nullptr)));
    }
}

TEST_CASE("nobody that was, a zombie, and no process at all") {
    CHECK_FALSE(ReadProcessIds(0));
    CHECK_FALSE(ReadProcessIds(-1));
    unit::Forked child([] {});
    CHECK(ReadProcessIds(child.pid));
    kill(child.pid, SIGKILL);
    siginfo_t info = {};
    REQUIRE(waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT) == 0);
    CHECK_FALSE(ReadProcessIds(child.pid));
    child.End();
    CHECK_FALSE(ReadProcessIds(child.pid));
}

TEST_CASE("a program's name may look like the lines that count") {
    const unit::Forked child([] { prctl(PR_SET_NAME, "x\nUid:\t7\t7\t7\t7"); });
    const auto ids = ReadProcessIds(child.pid);
    REQUIRE(ids);
    CHECK(ids->uid == geteuid());
}

TEST_CASE("another user's groups, and file-system ids that are not the effective ones") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("needs root");
    const unit::Forked nobody(unit::BecomeNobody);
    auto ids = ReadProcessIds(nobody.pid);
    REQUIRE(ids);
    CHECK(ids->uid == unit::NOBODY);
    CHECK(ids->gid == unit::NOBODY);
    CHECK(ids->groups == std::vector<gid_t>{4, 20});
    const unit::Forked server([] {
        setfsgid(33);
        setfsuid(34);
    });
    ids = ReadProcessIds(server.pid);
    REQUIRE(ids);
    CHECK(ids->uid == 34);
    CHECK(ids->gid == 33);
}

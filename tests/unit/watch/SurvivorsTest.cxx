#include "watch/Survivors.hxx"
#include "harness/Wait.hxx"
#include "sys/Proc.hxx"

#include <doctest/doctest.h>

#include <array>
#include <csignal>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace watch;

namespace {

/** A process that waits, below `parents` others of its own group; ends with the object. */
class Child {
public:
    pid_t pid;

    explicit Child(const char *mark = nullptr, bool own_group = true) : pid(fork()) {
        if (pid != 0)
            return;
        if (own_group)
            setpgid(0, 0);
        const std::string entry = std::string("CLUSTERIZE_RUN=") + (mark != nullptr ? mark : "");
        const char *const envp[] = {mark != nullptr ? entry.c_str() : nullptr, nullptr};
        const char *const argv[] = {"sleep", "1000", nullptr};
        execve("/bin/sleep", const_cast<char *const *>(argv), const_cast<char *const *>(envp));
        _exit(127);
    }
    ~Child() {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, nullptr, 0);
    }

    std::uint64_t Start() const { return sys::ReadProcessStat(pid)->start; }

    /** It executes its own program. */
    bool Executes() const {
        return harness::WaitFor([this] {
            const auto environment = sys::ProcessEnvironment::Read(pid);
            const auto stat = sys::ReadProcessStat(pid);
            return environment && !environment->Find("PATH") && stat && stat->group != 0;
        });
    }
};

struct Setting {
    std::array<Entry, 2> workers{};
    Charge charge = {"mark", workers, true, getpid(), getpgrp(), 0, std::chrono::milliseconds(0)};

    Processes Find(const Processes &known = {}, pid_t reaper = 0) const {
        RunMarks marks(charge.run);
        return FindSurvivors(charge, &marks, known, reaper);
    }
};

} // namespace

TEST_CASE("by the mark in the environment, and by that of no other cluster") {
    const Setting setting;
    const Child ours("mark"), theirs("market"), nobodys;
    REQUIRE((ours.Executes() && theirs.Executes() && nobodys.Executes()));
    CHECK(setting.Find() == Processes{{ours.pid, ours.Start()}});
}

TEST_CASE("a worker, unless its number is another process's by now") {
    Setting setting;
    const Child worker;
    REQUIRE(worker.Executes());
    setting.workers[1].Set(worker.pid, worker.Start());
    CHECK(setting.Find() == Processes{{worker.pid, worker.Start()}});
    setting.workers[1].Set(worker.pid, worker.Start() - 1);
    CHECK(setting.Find().empty());
}

TEST_CASE("the members of a worker's process group, whose leader has gone") {
    Setting setting;
    const Child member(nullptr, false);
    REQUIRE(member.Executes());
    // Its group is this program's, whose leader may be gone or not: the start time tells.
    const auto leader = sys::ReadProcessStat(getpgrp());
    setting.workers[0].Set(getpgrp(), leader ? leader->start : 1);
    CHECK(setting.Find().contains(member.pid));
    CHECK(setting.Find().at(member.pid) == member.Start());
    setting.charge.own_groups = false;
    CHECK_FALSE(setting.Find().contains(member.pid));
}

TEST_CASE("in the launcher's group: orphans that are younger than the launcher") {
    Setting setting;
    setting.charge.own_groups = false;
    const Child child(nullptr, false);
    REQUIRE(child.Executes());
    CHECK(setting.Find({}, getpid()).contains(child.pid));
    CHECK_FALSE(setting.Find({}, getppid()).contains(child.pid));
    setting.charge.began = child.Start();
    CHECK_FALSE(setting.Find({}, getpid()).contains(child.pid));
}

TEST_CASE("what was found before counts, as long as it is the same process") {
    const Setting setting;
    const Child child;
    REQUIRE(child.Executes());
    CHECK(setting.Find({{child.pid, child.Start()}}).size() == 1);
    CHECK(setting.Find({{child.pid, child.Start() + 1}}).empty());
}

TEST_CASE("descendants of all of it, and no zombies") {
    Setting setting;
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const pid_t parent = fork();
    if (parent == 0) {
        const pid_t zombie = fork();
        if (zombie == 0)
            _exit(0);
        const pid_t child = fork();
        if (child == 0) {
            setsid();
            for (;;)
                pause();
        }
        const pid_t both[] = {zombie, child};
        (void)!write(ends[1], both, sizeof both);
        for (;;)
            pause();
    }
    pid_t both[2] = {0, 0};
    REQUIRE(read(ends[0], both, sizeof both) == sizeof both);
    REQUIRE(harness::WaitFor([&] { return sys::ReadProcessStat(both[0])->state == 'Z'; }));
    setting.workers[0].Set(parent, sys::ReadProcessStat(parent)->start);
    const Processes found = setting.Find();
    CHECK(found.size() == 2);
    CHECK(found.contains(parent));
    CHECK(found.contains(both[1]));
    (void)kill(both[1], SIGKILL);
    (void)kill(parent, SIGKILL);
    (void)waitpid(parent, nullptr, 0);
    close(ends[0]);
    close(ends[1]);
}

#include "sys/Proc.hxx"
#include "harness/TempDir.hxx"
#include "harness/Wait.hxx"
#include "sys/Descent.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace sys;

namespace {

[[noreturn]] void WaitForEnd(int fd) {
    char byte;
    while (read(fd, &byte, 1) < 0) {
    }
    _exit(0);
}

/** A child that runs a function and then waits to be ended with this object. */
class Child {
public:
    /** `prepare` gets a descriptor that ends with this object. */
    explicit Child(const std::function<void(int)> &prepare) {
        pid = fork();
        if (pid == 0) {
            heard.writer.Close();
            prepare(heard.reader.Get());
            char byte = 'r';
            if (write(said.writer.Get(), &byte, 1) != 1)
                _exit(1);
            WaitForEnd(heard.reader.Get());
        }
        char byte = 0;
        REQUIRE(read(said.reader.Get(), &byte, 1) == 1);
    }

    ~Child() {
        heard.writer.Close();
        waitpid(pid, nullptr, 0);
    }

    Child(const Child &) = delete;
    Child &operator=(const Child &) = delete;

    pid_t pid = -1;

private:
    unit::Pipe said, heard;
};

} // namespace

TEST_CASE("what the kernel says about this process") {
    const auto stat = ReadProcessStat(getpid());
    REQUIRE(stat);
    CHECK(stat->parent == getppid());
    CHECK(stat->group == getpgrp());
    CHECK(stat->session == getsid(0));
    CHECK(stat->state == 'R');
}

TEST_CASE("a process's name may look like the rest of the line") {
    for (const char *name : {"a) ", ") Z 1 1 1", "x) S 99 (", "((", "))", " "}) {
        CAPTURE(name);
        const Child child([name](int) { prctl(PR_SET_NAME, name); });
        const auto stat = ReadProcessStat(child.pid);
        REQUIRE(stat);
        CHECK(stat->parent == getpid());
        CHECK(stat->group == getpgrp());
        CHECK(stat->session == getsid(0));
        CHECK((stat->state == 'S' || stat->state == 'R'));
    }
}

TEST_CASE("a zombie is seen as one and is among the children") {
    const pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    const auto stat = ReadProcessStat(pid);
    const auto children = ChildrenOf(getpid());
    const auto environment = ProcessEnvironment::Read(pid);
    REQUIRE(waitpid(pid, nullptr, 0) == pid);
    REQUIRE(stat);
    CHECK(stat->state == 'Z');
    CHECK(std::find(children.begin(), children.end(), pid) != children.end());
    CHECK_FALSE((environment && environment->Find("PATH")));
    CHECK_FALSE(ReadProcessStat(pid));
}

TEST_CASE("children and descendants, parents first") {
    CHECK(ChildrenOf(getpid()).empty());
    unit::Pipe report;
    {
        const Child child([&report](int end) {
            const pid_t grandchild = fork();
            if (grandchild == 0)
                WaitForEnd(end);
            if (write(report.writer.Get(), &grandchild, sizeof(grandchild)) != sizeof(grandchild))
                _exit(1);
        });
        pid_t grandchild = 0;
        REQUIRE(read(report.reader.Get(), &grandchild, sizeof(grandchild)) == sizeof(grandchild));
        CHECK(ChildrenOf(getpid()) == std::vector<pid_t>{child.pid});
        CHECK(ChildrenOf(child.pid) == std::vector<pid_t>{grandchild});
        CHECK(DescendantsOf(getpid()) == std::vector<pid_t>{child.pid, grandchild});
        CHECK(ReadProcessStat(grandchild)->parent == child.pid);
    }
    CHECK(ChildrenOf(getpid()).empty());
}

TEST_CASE("children that another thread than the main one has forked") {
    for (const int threads : {2, 300}) { // of many threads the children are found in another way
        CAPTURE(threads);
        unit::Pipe report;
        const Child child([&report, threads](int end) {
            for (int i = 1; i < threads; i++)
                std::thread([] {
                    for (;;)
                        pause();
                }).detach();
            std::thread([&report, end] {
                const pid_t grandchild = fork();
                if (grandchild == 0)
                    WaitForEnd(end);
                (void)!write(report.writer.Get(), &grandchild, sizeof(grandchild));
                for (;;)
                    pause();
            }).detach();
        });
        pid_t grandchild = 0;
        REQUIRE(read(report.reader.Get(), &grandchild, sizeof(grandchild)) == sizeof(grandchild));
        CHECK(ChildrenOf(child.pid) == std::vector<pid_t>{grandchild});
        CHECK(DescendantsOf(getpid()) == std::vector<pid_t>{child.pid, grandchild});
    }
}

TEST_CASE("a thousand children, more than one read of the file brings") {
    unit::Pipe report;
    const Child child([&report](int end) {
        for (int i = 0; i < 1000; i++) {
            const pid_t grandchild = fork();
            if (grandchild == 0)
                WaitForEnd(end);
            (void)!write(report.writer.Get(), &grandchild, sizeof(grandchild));
        }
    });
    std::vector<pid_t> expected(1000);
    for (pid_t &pid : expected)
        REQUIRE(read(report.reader.Get(), &pid, sizeof(pid)) == sizeof(pid));
    CHECK(ChildrenOf(child.pid) == expected);
    Descent descent(child.pid);
    CHECK_FALSE(descent.Step(1));
    CHECK_FALSE(descent.Step(999));
    CHECK(descent.Step(1));
    CHECK(descent.Found() == expected);
}

TEST_CASE("nobody has no children") {
    CHECK(ChildrenOf(INT32_MAX).empty());
    CHECK_FALSE(ReadProcessStat(INT32_MAX));
    CHECK_FALSE(ProcessEnvironment::Read(INT32_MAX));
}

TEST_CASE("of an environment only the first bytes are read") {
    const auto all = ProcessEnvironment::Read(getpid());
    const auto some = ProcessEnvironment::Read(getpid(), 10);
    REQUIRE((all && some));
    CHECK(all->Find("PATH"));
    const std::string first = environ[0];
    CHECK(first.size() > 10);
    CHECK(some->Find(first.substr(0, first.find('='))).value_or("").size() < 10);
}

TEST_CASE("the environment as it was at exec") {
    unit::Pipe executed;
    const pid_t pid = fork();
    if (pid == 0) {
        unit::Pipe never;
        dup2(never.reader.Get(), STDIN_FILENO);
        dup2(never.writer.Get(), 9); // stays open: no end of input
        const char *argv[] = {"cat", nullptr};
        const char *envp[] = {"FIRST=1", "PREFIX_LONG=long", "PREFIX=short", "EMPTY=", "EQUALS=a=b",
                              "NOVALUE", "TWICE=one",        "TWICE=two",    nullptr};
        execve("/bin/cat", const_cast<char **>(argv), const_cast<char **>(envp));
        _exit(127);
    }
    CHECK(executed.ReadToEnd()
              .empty()); // exec closes its end, a moment before the environment is there
    std::optional<ProcessEnvironment> environment;
    CHECK(harness::WaitFor([&] {
        environment = ProcessEnvironment::Read(pid);
        return environment && environment->Find("FIRST");
    }));
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    REQUIRE(environment);
    CHECK(environment->Find("FIRST") == "1");
    CHECK(environment->Find("PREFIX") == "short");
    CHECK(environment->Find("PREFIX_LONG") == "long");
    CHECK(environment->Find("EMPTY") == "");
    CHECK(environment->Find("EQUALS") == "a=b");
    CHECK(environment->Find("TWICE") == "one");
    CHECK_FALSE(environment->Find("NOVALUE"));
    CHECK_FALSE(environment->Find("PRE"));
    CHECK_FALSE(environment->Find("irst"));
}

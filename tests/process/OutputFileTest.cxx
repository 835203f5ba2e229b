// --output FILE: a file for all or one each, renamed and opened anew, failing.

#include "Lines.hxx"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

TEST_CASE("a file for each slot: both streams as they were written, appended") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        if (nobody && IsRoot())
            directory.GiveTo(NOBODY, NOBODY);
        for (int i = 0; i < 2; ++i)
            CHECK(RunClusterize({"-n", "2", "--output", directory / "log-{slot}.{9000+slot}", "--",
                                 "/bin/sh", "-c",
                                 "echo out $CLUSTERIZE_SLOT; sleep 0.2; echo err >&2"},
                                {.nobody = nobody})
                      .ended == Exited(0));
        CHECK(ReadFile(directory / "log-0.9000") == "out 0\nerr\nout 0\nerr\n");
        CHECK(ReadFile(directory / "log-1.9001") == "out 1\nerr\nout 1\nerr\n");
    });
}

TEST_CASE("one file for all has the ids; one worker needs none") {
    const TempDir directory;
    const std::string shared = directory / "shared", alone = directory / "alone";
    CHECK(RunClusterize({"-n", "4", "--output", shared, "--", Behave(), "lines", "20000"}).ended ==
          Exited(0));
    std::string out, err;
    for (const std::string &line : Lines(ReadFile(shared)))
        (Contains(line, "] err ") ? err : out) += line + "\n";
    CHECK(Wrong(out, 4, 20'000, 1, FirstPrefix, OutLine) == "");
    CHECK(Wrong(err, 4, 20'000, 10, FirstPrefix, ErrLine) == "");
    CHECK(RunClusterize({"-n", "1", "--output", alone, "--", "echo", "x"}).ended == Exited(0));
    CHECK(ReadFile(alone) == "x\n");
}

TEST_CASE("a file that was renamed is opened anew at USR1, before the workers get it") {
    const TempDir directory;
    const std::string log = directory / "log-0", old = directory / "log-0.1";
    Cluster cluster({.options = {"-n", "1", "--output", directory / "log-{slot}"},
                     .command = {Behave(), "handle", "10", "15"}});
    REQUIRE(WaitFor([&] { return Contains(ReadFile(log), "handling "); }));
    const std::string before = ReadFile(log);
    REQUIRE(std::rename(log.c_str(), old.c_str()) == 0);
    cluster.Signal(SIGUSR1);
    REQUIRE(WaitFor([&] { return Contains(ReadFile(log), "got 10 slot=0\n"); }));
    CHECK(ReadFile(old) == before);
    CHECK(cluster.Stop() == Exited(0));
    CHECK(Contains(ReadFile(log), "got 15 slot=0\n"));
    CHECK(ReadFile(old) == before);
}

TEST_CASE("USR1 for a file that was renamed ends no worker, and reaches those that handle it") {
    const TempDir directory;
    Cluster cluster({.options = {"-n", "2", "--output", directory / "log-{slot}"},
                     .command = {"/bin/sh", "-c",
                                 "[ $CLUSTERIZE_SLOT = 0 ] && exec \"$0\" pause; "
                                 "exec \"$0\" handle 10 15",
                                 Behave()}});
    REQUIRE(WaitFor([&] { return Contains(ReadFile(directory / "log-0"), "pausing"); }));
    REQUIRE(WaitFor([&] { return Contains(ReadFile(directory / "log-1"), "handling"); }));
    for (const char *name : {"log-0", "log-1"})
        REQUIRE(std::rename((directory / name).c_str(), (directory / name + ".1").c_str()) == 0);
    cluster.Signal(SIGUSR1);
    REQUIRE(WaitFor([&] { return Contains(ReadFile(directory / "log-1"), "got 10"); }));
    CHECK(access((directory / "log-0").c_str(), F_OK) == 0);
    CHECK(cluster.Stop() == Exited(143));
    for (const auto &exit : cluster.Seen("exit"))
        CHECK((exit.IsNull("signal") || exit.Text("signal") == "SIGTERM"));
}

TEST_CASE("USR1 for a file that was renamed does not open Node's debugger") {
    if (Run({.argv = {"/bin/sh", "-c", "command -v node"}}).ended != Exited(0))
        HARNESS_SKIP("no node");
    const TempDir directory;
    const std::string log = directory / "log", old = directory / "log.1";
    Cluster cluster({.options = {"-n", "1", "--output", log},
                     .command = {"node", "-e",
                                 "process.on('SIGUSR2', () => console.log('USR2')); "
                                 "setInterval(() => {}, 1000); console.log('started')"}});
    REQUIRE(WaitFor([&] { return Contains(ReadFile(log), "started"); }));
    REQUIRE(std::rename(log.c_str(), old.c_str()) == 0);
    cluster.Signal(SIGUSR1);
    REQUIRE(WaitFor([&] { return access(log.c_str(), F_OK) == 0; }));
    // The debugger's thread takes its time: four of these are later.
    for (size_t i = 1; i <= 4; ++i) {
        cluster.Signal(SIGUSR2);
        REQUIRE(WaitFor([&] { return Count(ReadFile(log), "USR2") == i; }));
    }
    CHECK(cluster.Stop() == Exited(143));
    CHECK(!Contains(ReadFile(log) + ReadFile(old), "Debugger"));
}

TEST_CASE("lines are neither lost nor torn while the file is renamed again and again") {
    const TempDir directory;
    const std::string log = directory / "log";
    Cluster cluster(
        {.options = {"-n", "2", "--output", log},
         .command = {"/bin/sh", "-c", "trap '' USR1; exec \"$0\" lines 200000", Behave()}});
    // By then both ignore it.
    REQUIRE(WaitFor([&] {
        const std::string text = ReadFile(log);
        return Contains(text, "[1] out") && Contains(text, "[2] out");
    }));
    int count = 0;
    for (; count < 20 && !cluster.HasEnded(); ++count) {
        REQUIRE(WaitFor([&] { return cluster.HasEnded() || !ReadFile(log).empty(); }));
        REQUIRE(std::rename(log.c_str(), (log + "." + std::to_string(count)).c_str()) == 0);
        if (!cluster.HasEnded())
            cluster.Signal(SIGUSR1);
        REQUIRE(WaitFor([&] { return cluster.HasEnded() || access(log.c_str(), F_OK) == 0; }));
    }
    CHECK(cluster.Wait() == Exited(0));
    std::string out, err;
    for (int i = 0; i <= count; ++i)
        for (const std::string &line :
             Lines(ReadFile(i == count ? log : log + "." + std::to_string(i))))
            (Contains(line, "] err ") ? err : out) += line + "\n";
    CHECK(Wrong(out, 2, 200'000, 1, FirstPrefix, OutLine) == "");
    CHECK(Wrong(err, 2, 200'000, 10, FirstPrefix, ErrLine) == "");
}

TEST_CASE("a file that cannot be opened for the first worker is an error") {
    CheckRefused(RunClusterize({"--output", "/no/such/directory/log", "--", "true"}), 125,
                 {"--output", "/no/such/directory/log", "No such file"});
    CheckRefused(RunClusterize({"--output", "/", "--", "true"}), 125, {"--output", "directory"});
}

TEST_CASE("one that cannot be opened later: an event, and the worker goes on") {
    const TempDir directory;
    REQUIRE(mkdir((directory / "0").c_str(), 0755) == 0);
    Cluster cluster({.options = {"-n", "2", "--output", directory / "{slot}/log"},
                     .command = {Behave(), "lines", "50000"}});
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Lines(ReadFile(directory / "0/log")).size() == 55'000);
    const auto errors = cluster.Seen("error");
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].Text("stage") == "output");
    CHECK(errors[0].Text("errno") == "ENOENT");
    CHECK(Contains(errors[0].Text("message"), directory / "1/log"));
    CHECK(Contains(cluster.Err(),
                   "55000 lines of output to '" + directory / "1/log" + "' were lost"));
}

TEST_CASE("a full disk stops no worker") {
    Cluster cluster(
        {.options = {"-n", "2", "--output", "/dev/full"}, .command = {Behave(), "lines", "50000"}});
    CHECK(cluster.Wait() == Exited(0));
    CHECK(cluster.Seen("error").size() == 1);
    CHECK(cluster.Seen("error").at(0).Text("errno") == "ENOSPC");
    CHECK(Contains(cluster.Err(), "110000 lines of output to '/dev/full' were lost"));
}

TEST_CASE("a file that reaches the limit of file sizes ends neither the launcher nor a worker") {
    const TempDir directory;
    const std::string log = directory / "log";
    constexpr rlim_t LIMIT = 256 * 1024;
    Cluster cluster({.options = {"-n", "2", "--output", log},
                     .command = {Behave(), "lines", "50000"},
                     .start = {.limits = {{RLIMIT_FSIZE, LIMIT, LIMIT}}}});
    CHECK(cluster.Wait() == Exited(0));
    CHECK(ReadFile(log).size() == LIMIT);
    REQUIRE(cluster.Seen("error").size() == 1);
    CHECK(cluster.Seen("error").at(0).Text("errno") == "EFBIG");
    CHECK(Contains(cluster.Err(), "lines of output to '" + log + "' were lost"));
}

TEST_CASE("nor does a file of events; a worker is ended by its own such file, as always") {
    const TempDir directory;
    constexpr rlim_t LIMIT = 4096;
    const Result result =
        RunClusterize({"-n", "1", "--jobs", "--output", "events", "--events", directory / "events",
                       "--", "/bin/sh", "-c",
                       "i=0; while [ $i -lt 200 ]; do echo a line of output; i=$((i + 1)); done; "
                       "exec head -c 100000 /dev/zero >'" +
                           directory / "file'"},
                      {.limits = {{RLIMIT_FSIZE, LIMIT, LIMIT}}});
    CHECK(result.ended == Exited(128 + SIGXFSZ));
    CHECK(ReadFile(directory / "events").size() == LIMIT);
}

TEST_CASE("a symbolic link to standard output, such as /dev/stdout, is a file as well") {
    const TempDir directory;
    REQUIRE(symlink("/dev/stdout", (directory / "link").c_str()) == 0);
    for (const std::string &path :
         {std::string("/dev/stdout"), std::string("/proc/self/fd/1"), directory / "link"}) {
        CAPTURE(path);
        const Result result = RunClusterize({"-n", "1", "--output", path, "--", "echo", "x"});
        CHECK(result.ended == Exited(0));
        CHECK(result.out == "x\n");
    }
}

TEST_CASE("a link that another user put into the directory leads no output elsewhere") {
    if (!IsRoot())
        HARNESS_SKIP("a link of another user needs root");
    const TempDir directory;
    directory.GiveTo(NOBODY, NOBODY);
    const std::string log = directory / "log", victim = directory / "victim";
    const auto put_link = [&] {
        REQUIRE(symlink(victim.c_str(), log.c_str()) == 0);
        REQUIRE(lchown(log.c_str(), NOBODY, NOBODY) == 0);
    };
    put_link();
    CheckRefused(RunClusterize({"--output", log, "--", "true"}), 125, {"--output", "another user"});
    CheckRefused(RunClusterize({"--events", log, "--", "true"}), 125, {"--events", "another user"});
    REQUIRE(unlink(log.c_str()) == 0);

    Cluster cluster(
        {.options = {"-n", "1", "--output", log}, .command = {Behave(), "handle", "10", "15"}});
    REQUIRE(WaitFor([&] { return Contains(ReadFile(log), "handling "); }));
    REQUIRE(std::rename(log.c_str(), (log + ".1").c_str()) == 0);
    put_link();
    cluster.Signal(SIGUSR1);
    // It stays with the file that it has.
    REQUIRE(WaitFor([&] { return Contains(ReadFile(log + ".1"), "got 10 slot=0\n"); }));
    CHECK(cluster.Seen("error").at(0).Text("errno") == "ELOOP");
    CHECK(cluster.Stop() == Exited(0));
    CHECK(access(victim.c_str(), F_OK) != 0);
}

TEST_CASE("--output and --events to a /dev/stdout that is a socket, as below systemd") {
    const auto result = Run({.argv = {"/usr/bin/python3", "-c", R"(
import socket, subprocess, sys
for options in ["--output", "/dev/stdout"], ["--output", "events", "--events", "/dev/stdout"]:
    ours, theirs = socket.socketpair()
    done = subprocess.run([sys.argv[1], "-n", "2", *options, "--", "echo", "hello"], stdout=theirs)
    theirs.close()
    text = b"".join(iter(lambda: ours.recv(4096), b"")).decode()
    print(done.returncode, text.count("hello"))
)",
                                      ClusterizePath()}});
    CAPTURE(result.err);
    CHECK(result.out == "0 2\n0 2\n");
}

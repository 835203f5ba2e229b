#include "harness/TempDir.hxx"
#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace net;
using namespace unit;

namespace {

constexpr uid_t NOBODY = 65534;

ListenSpec Adopted(const std::string &path, const std::string &directory = "") {
    ListenSpec spec = UnixPath(path);
    spec.origin = ListenSpec::Origin::ADOPTED;
    spec.directory = directory;
    return spec;
}

sys::ProcessIds Own() {
    return sys::ReadProcessIds(getpid()).value();
}

template <typename Call> int ErrorOf(Call call) {
    try {
        call();
    } catch (const OpenError &error) {
        return error.Error();
    }
    return 0;
}

/** The names in a directory, sorted, random parts replaced. */
std::string Names(const std::string &directory) {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(directory))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    std::string all;
    for (const std::string &name : names) {
        const auto mark = name.find(".clusterize");
        all += name.substr(0, mark) + (mark == std::string::npos ? " " : "+ ");
    }
    return all;
}

bool Reaches(const std::string &path) {
    return Dial(Address::Unix(path, false)).IsDefined();
}

struct stat Status(const std::string &path) {
    struct stat status = {};
    REQUIRE(lstat(path.c_str(), &status) == 0);
    return status;
}

} // namespace

TEST_CASE("a path that others remove meanwhile, as programs do before they bind it") {
    const harness::TempDir directory;
    const Policy policy(true);
    const std::string path = directory / "x.sock";
    const pid_t remover = fork();
    if (remover == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const timespec pause = {0, 50'000};
        for (int i = 0; i < 200'000; i++) {
            unlink(path.c_str());
            nanosleep(&pause, nullptr);
        }
        _exit(0);
    }
    for (int i = 0; i < 300; i++) {
        ListenerTable table(policy, 2);
        CHECK(ErrorOf([&] { table.Open(Adopted(path)); }) == 0);
        if (!table.Listeners().empty())
            CHECK(table.Listeners().front().Sockets().Held().Restore(std::nullopt) == 0);
        table.LetGo();
        RemoveFiles(table);
        unlink(path.c_str());
    }
    kill(remover, SIGKILL);
    waitpid(remover, nullptr, 0);
    CHECK(Names(directory.Path()).empty());
}

TEST_CASE("an adopted path: one socket, a second name that goes, a path that stays") {
    const harness::TempDir directory;
    const Policy policy(true);
    const std::string path = directory / "x.sock";
    {
        ListenerTable table(policy, 3);
        const Listener &listener = table.Open(Adopted(path));
        CHECK(listener.IsShared());
        CHECK(listener.Spec().name == "x.sock");
        CHECK(listener.Sockets().Path() == path);
        CHECK(Address::OfSocket(listener.SocketOf(2).Get()) == Address::Unix(path, false));
        CHECK(Names(directory / "") == ".x.sock+ x.sock ");
        CHECK(table.Exports(0).empty());
        CHECK(Reaches(path));
        table.LetGo();
        RemoveFiles(table);
        CHECK(Names(directory / "") == "x.sock ");
        CHECK_FALSE(Reaches(path));
    }
    CHECK(Names(directory / "") == "x.sock ");
    // The next run finds it as the program alone would: it has to remove the file first.
    ListenerTable table(policy, 3);
    CHECK(ErrorOf([&] { table.Open(Adopted(path)); }) == EADDRINUSE);
    REQUIRE(unlink(path.c_str()) == 0);
    Listener &again = table.Open(Adopted(path));
    CHECK(Reaches(path));
    table.Close(again);
    table.CloseLast();
    CHECK(Names(directory / "") == "x.sock ");
}

TEST_CASE("a worker that removes the path before it binds it finds it put back") {
    const harness::TempDir directory;
    const Policy policy(true);
    const std::string path = directory / "x.sock";
    ListenerTable table(policy, 2);
    Listener &listener = table.Open(Adopted(path));
    const ino_t inode = Status(path).st_ino;
    CHECK(listener.Sockets().Held().Restore(Own()) == 0); // it is there
    for (int i = 0; i < 3; i++) {
        REQUIRE(unlink(path.c_str()) == 0);
        CHECK(table.FindPath(Adopted(path)) == &listener);
        CHECK(listener.Sockets().Held().Restore(Own()) == 0);
        CHECK(Status(path).st_ino == inode);
        CHECK(Reaches(path));
    }
    REQUIRE(unlink(path.c_str()) == 0);
    directory.Write("x.sock", "another's");
    CHECK(listener.Sockets().Held().Restore(Own()) == EADDRINUSE);
    CHECK(harness::ReadFile(path) == "another's");
    REQUIRE(unlink(path.c_str()) == 0);
    // Somebody has tidied up.
    for (const auto &entry : std::filesystem::directory_iterator(directory / ""))
        std::filesystem::remove(entry.path());
    CHECK(listener.Sockets().Held().Restore(Own()) == ENOENT);
    CHECK(ErrorOf([&] { table.Open(Adopted(path)); }) == EADDRINUSE); // close it first
    table.Close(listener);
    table.CloseLast();
    table.Open(Adopted(path));
    CHECK(Reaches(path));
}

TEST_CASE(
    "launchers that are killed leave one second name, not one each, and the next removes it") {
    const harness::TempDir directory;
    const Policy policy(true);
    const std::string path = directory / "x.sock";
    for (int i = 0; i < 3; i++) {
        const pid_t killed = fork();
        if (killed == 0) {
            unlink(path.c_str()); // as a program does before it binds
            ListenerTable table(policy, 2);
            table.Open(Adopted(path));
            kill(getpid(), SIGKILL);
        }
        waitpid(killed, nullptr, 0);
        CHECK(Names(directory / "") == ".x.sock+ x.sock ");
    }
    REQUIRE(unlink(path.c_str()) == 0);
    ListenerTable table(policy, 2);
    table.Open(Adopted(path));
    table.LetGo();
    RemoveFiles(table);
    CHECK(Names(directory / "") == "x.sock ");
}

TEST_CASE("killed launchers whose workers still serve when the next one opens the path") {
    const harness::TempDir directory;
    const Policy policy(true);
    const std::string path = directory / "x.sock";
    std::vector<pid_t> killed;
    const auto start = [&] {
        int ends[2];
        REQUIRE(pipe(ends) == 0);
        const pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            unlink(path.c_str()); // as a program does before it binds
            ListenerTable table(policy, 2);
            table.Open(Adopted(path));
            close(ends[1]);
            for (;;)
                pause();
        }
        close(ends[1]);
        char none = 0;
        CHECK(read(ends[0], &none, 1) == 0); // it has opened the path
        close(ends[0]);
        killed.push_back(pid);
    };
    const auto end = [&] {
        for (const pid_t pid : killed) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
        killed.clear();
    };
    for (int i = 0; i < 3; i++)
        start();
    CHECK(Names(directory / "") == ".x.sock+ .x.sock+ .x.sock+ x.sock ");
    end();
    start();
    CHECK(Names(directory / "") == ".x.sock+ x.sock ");
    REQUIRE(unlink(path.c_str()) == 0);
    ListenerTable table(policy, 2);
    table.Open(Adopted(path));
    end();
    table.LetGo();
    RemoveFiles(table);
    CHECK(Names(directory / "") == "x.sock ");
}

TEST_CASE("a second name that is served, or no socket, is left alone") {
    const harness::TempDir directory;
    const Policy policy(true);
    const std::string path = directory / "x.sock", other = directory / "y.sock";
    ListenerTable alive(policy, 2);
    alive.Open(Adopted(path));
    REQUIRE(unlink(path.c_str()) == 0);
    const std::string file = directory.Write(".y.sock.clusterize", "mine");
    {
        ListenerTable table(policy, 2);
        table.Open(Adopted(path));
        table.Open(Adopted(other));
        CHECK(Names(directory / "") == ".x.sock+ .x.sock+ .y.sock+ .y.sock+ x.sock y.sock ");
        table.LetGo();
        RemoveFiles(table);
    }
    CHECK(harness::ReadFile(file) == "mine");
    REQUIRE(unlink(path.c_str()) == 0);
    CHECK(alive.Listeners().front().Sockets().Held().Restore(std::nullopt) == 0);
    CHECK(Reaches(path));
}

TEST_CASE("what was asked for has a second name only where that is wanted") {
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &plain = table.Open(UnixPath(directory / "a"));
    ListenSpec spec = UnixPath(directory / "b");
    spec.second_name = true;
    Listener &kept = table.Open(spec);
    CHECK(Names(directory / "") == ".b+ a b ");
    CHECK(table.FindPath(Adopted(directory / "a")) == &plain);
    CHECK(table.FindPath(Adopted(directory / "b")) == &kept);
    for (const char *name : {"a", "b"})
        REQUIRE(unlink((directory / name).c_str()) == 0);
    CHECK(plain.Sockets().Held().Restore(Own()) == ENOENT);
    CHECK(kept.Sockets().Held().Restore(Own()) == 0);
    CHECK(Reaches(directory / "b"));
    table.LetGo();
    RemoveFiles(table);
    CHECK(Names(directory / "").empty());
}

TEST_CASE("relative, absolute, through a link: one file, and the launcher stays in its directory") {
    const harness::TempDir directory;
    const std::string here = std::filesystem::current_path().string();
    std::filesystem::create_directory(directory / "run");
    std::filesystem::create_directory(directory / "other");
    std::filesystem::create_directory_symlink("run", directory / "current");
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &listener = table.Open(Adopted("x.sock", directory / "run"));
    CHECK(std::filesystem::current_path().string() == here);
    CHECK(listener.Spec().at.address.Host() == "x.sock"); // what getsockname tells the worker
    CHECK(Address::OfSocket(listener.SocketOf(0).Get()).Host() == "x.sock");
    CHECK(listener.Sockets().Path() == directory / "run/x.sock");
    CHECK(Reaches(directory / "run/x.sock"));
    CHECK(table.FindPath(Adopted(directory / "run/x.sock")) == &listener);
    CHECK(table.FindPath(Adopted(directory / "current/x.sock")) == &listener);
    CHECK(table.FindPath(Adopted("../run/./x.sock", directory / "other")) == &listener);
    CHECK(table.FindPath(Adopted("x.sock", directory / "other")) == nullptr);
    CHECK(table.FindPath(Adopted(directory / "run/y.sock")) == nullptr);
    CHECK(table.Find(Adopted("x.sock").at) == nullptr);
    // The same name elsewhere is another one.
    Listener &second = table.Open(Adopted("x.sock", directory / "other"));
    CHECK(second.Sockets().Path() == directory / "other/x.sock");
    CHECK(ErrorOf([&] { table.Open(Adopted(directory / "current/x.sock")); }) == EADDRINUSE);
    CHECK(ErrorOf([&] { table.FindPath(Adopted(directory / "missing/x")); }) == ENOENT);
    CHECK(ErrorOf([&] { table.Open(Adopted("x", directory / "missing")); }) == ENOENT);
    // A path that looks like an abstract name.
    Listener &at_sign = table.Open(Adopted("@x", directory / "other"));
    CHECK(Names(directory / "other") == ".@x+ .x.sock+ @x x.sock ");
    CHECK(table.FindPath(Adopted("@x", directory / "other")) == &at_sign);
    CHECK(std::filesystem::current_path().string() == here);
    // A directory that was made anew is another one.
    std::filesystem::remove_all(directory / "run");
    std::filesystem::create_directory(directory / "run");
    CHECK(table.FindPath(Adopted(directory / "run/x.sock")) == nullptr);
    table.Open(Adopted(directory / "run/x.sock"));
    CHECK(Reaches(directory / "run/x.sock"));
}

TEST_CASE("the worker's umask makes the mode, and ours is as before") {
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    const mode_t before = umask(0022);
    for (const mode_t mask : {0U, 0077U, 0117U}) {
        ListenSpec spec = Adopted(directory / std::to_string(mask));
        spec.as = Own();
        spec.as->umask = mask;
        table.Open(spec);
        CHECK((Status(directory / std::to_string(mask)).st_mode & 0777) == (0777 & ~mask));
    }
    CHECK(umask(before) == 0022);
}

TEST_CASE("the worker's ids own the file and need the right to make it") {
    if (geteuid() != 0) {
        MESSAGE("SKIPPED: AdoptedPathTest: only root can act for another user");
        return;
    }
    const harness::TempDir directory;
    const std::string run = directory / "run", closed = directory / "closed";
    REQUIRE(chmod((directory / "").c_str(), 0755) == 0);
    for (const std::string &path : {run, closed})
        REQUIRE(mkdir(path.c_str(), 0755) == 0);
    REQUIRE(chown(run.c_str(), NOBODY, NOBODY) == 0);
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = Adopted("x.sock", run);
    spec.as = sys::ProcessIds{NOBODY, NOBODY, {}, 0027, 0};
    REQUIRE(prctl(PR_SET_DUMPABLE, 1) == 0);
    Listener &listener = table.Open(spec);
    CHECK(Status(run + "/x.sock").st_uid == NOBODY);
    CHECK(Status(run + "/x.sock").st_gid == NOBODY);
    CHECK((Status(run + "/x.sock").st_mode & 0777) == 0750);
    CHECK(Names(run) == ".x.sock+ x.sock ");
    REQUIRE(unlink((run + "/x.sock").c_str()) == 0);
    CHECK(listener.Sockets().Held().Restore(spec.as) == 0);
    CHECK(Reaches(run + "/x.sock"));
    // Our own ids and groups are as before.
    CHECK(prctl(PR_GET_DUMPABLE) == 1);
    CHECK(Own().uid == 0);
    struct stat socket_status = {};
    REQUIRE(fstat(listener.SocketOf(0).Get(), &socket_status) == 0);
    CHECK(socket_status.st_uid == NOBODY);

    ListenSpec refused = Adopted(closed + "/x.sock");
    refused.as = spec.as;
    CHECK(ErrorOf([&] { table.Open(refused); }) == EACCES);
    CHECK(Names(closed).empty());
    REQUIRE(chmod(closed.c_str(), 0700) == 0);
    CHECK(ErrorOf([&] { table.FindPath(refused); }) == 0); // the directory itself may be found
    refused.at.address = Address::Unix(closed + "/deeper/x.sock", false);
    CHECK(ErrorOf([&] { table.FindPath(refused); }) == EACCES);
    // A worker may be in a directory that it could not reach.
    refused = Adopted("x.sock", closed);
    refused.as = spec.as;
    CHECK(ErrorOf([&] { table.Open(refused); }) == EACCES);
    table.LetGo();
    RemoveFiles(table);
    CHECK(Names(run) == "x.sock ");
}

TEST_CASE("bound for a worker that listens itself: the backlog is below 0") {
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = Adopted(directory / "x");
    spec.backlog = -1;
    const Listener &listener = table.Open(spec);
    CHECK_FALSE(Reaches(directory / "x"));
    REQUIRE(listen(listener.SocketOf(1).Get(), 8) == 0);
    CHECK(Reaches(directory / "x"));
}

TEST_CASE("adopted abstract names are shared and found by their address") {
    const std::string name = "clusterize-unit-adopted-" + std::to_string(getpid());
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = UnixPath(name, true);
    spec.origin = ListenSpec::Origin::ADOPTED;
    const Listener &listener = table.Open(spec);
    CHECK(listener.IsShared());
    CHECK(listener.Sockets().Path().empty());
    CHECK(table.Find(spec.at) == &listener);
    CHECK(ErrorOf([&] { table.Open(spec); }) == EADDRINUSE);
    CHECK(Dial(spec.at.address).IsDefined());
}

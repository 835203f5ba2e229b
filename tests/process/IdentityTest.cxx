// Who a worker is and where: --user, --group, --chdir.

#include "Support.hxx"

#include <csignal>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace process;

namespace {

/** What `behave print-ids` said, after a successful end. */
std::map<std::string, std::string> IdsWith(std::vector<std::string> options, Start start = {}) {
    options.insert(options.end(), {"--", Reachable(Behave()), "print-ids"});
    const auto result = RunClusterize(std::move(options), std::move(start));
    INFO("standard error: ", result.err);
    REQUIRE(result.ended == Exited(0));
    return Fields(result.out);
}

std::set<std::string> Parts(const std::string &list) {
    std::set<std::string> parts;
    std::string part;
    for (const char c : list + ",") {
        if (c != ',')
            part += c;
        else if (!part.empty())
            parts.insert(std::exchange(part, ""));
    }
    return parts;
}

/** /etc/passwd and /etc/group of the test's own, in a mount namespace of the launcher's own. */
struct Accounts {
    TempDir directory;
    std::string passwd = directory.Write("passwd", "root:x:0:0::/root:/bin/sh\n"
                                                   "worker:x:4001:4002::/nowhere:/bin/false\n"
                                                   "plain:x:4006:4002::/home/plain:\n"
                                                   "nobody:x:65534:65534::/none:/bin/sh\n");
    std::string group = directory.Write("group", "root:x:0:\n"
                                                 "workers:x:4002:\n"
                                                 "extra:x:4003:someone,worker\n"
                                                 "more:x:4004:worker\n"
                                                 "foreign:x:4005:someone\n");

    Start Use() const {
        return {.prepare = [this] {
            if (unshare(CLONE_NEWNS) != 0 ||
                mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                mount(passwd.c_str(), "/etc/passwd", nullptr, MS_BIND, nullptr) != 0 ||
                mount(group.c_str(), "/etc/group", nullptr, MS_BIND, nullptr) != 0)
                throw std::runtime_error("cannot replace /etc/passwd");
        }};
    }
};

} // namespace

TEST_CASE("without options a worker is who the launcher is") {
    AsEveryone([](bool nobody) {
        auto ids = IdsWith({}, {.nobody = nobody});
        const std::string id = std::to_string(nobody && IsRoot() ? NOBODY : geteuid());
        CHECK(ids["uid"] == id + "," + id + "," + id);
    });
}

TEST_CASE("--user NAME: its ids, and its groups from /etc/group") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const Accounts accounts;
    auto ids = IdsWith({"--user", "worker"}, accounts.Use());
    CHECK(ids["uid"] == "4001,4001,4001");
    CHECK(ids["gid"] == "4002,4002,4002");
    CHECK(Parts(ids["groups"]) == std::set<std::string>{"4002", "4003", "4004"});
}

TEST_CASE("--user with a group, --group, numbers") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const Accounts accounts;
    auto ids = IdsWith({"--user", "worker:foreign"}, accounts.Use());
    CHECK(ids["uid"] == "4001,4001,4001");
    CHECK(ids["gid"] == "4005,4005,4005");

    ids = IdsWith({"--user", "worker", "--group", "extra"}, accounts.Use());
    CHECK(ids["uid"] == "4001,4001,4001");
    CHECK(ids["gid"] == "4003,4003,4003");

    ids = IdsWith({"--user", "5001:5002"}, accounts.Use());
    CHECK(ids["uid"] == "5001,5001,5001");
    CHECK(ids["gid"] == "5002,5002,5002");
    CHECK(!Parts(ids["groups"]).contains("0"));

    ids = IdsWith({"--group", "4004"}, accounts.Use());
    CHECK(ids["uid"] == "0,0,0");
    CHECK(ids["gid"] == "4004,4004,4004");
}

TEST_CASE("--user UID --group GID: neither needs an entry in /etc/passwd") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    auto ids = IdsWith({"--user", "54321", "--group", "54322"});
    CHECK(ids["uid"] == "54321,54321,54321");
    CHECK(ids["gid"] == "54322,54322,54322");
    CHECK(Parts(ids["groups"]) == std::set<std::string>{"54322"});
    CheckRefused(RunClusterize({"--user", "54321", "--", "true"}), 125,
                 {"--user '54321'", "/etc/passwd", "UID:GROUP", "--group"});
}

TEST_CASE("--user that names whom one already is changes nothing and needs no right") {
    if (!IsRoot())
        HARNESS_SKIP("another user needs root");
    const Accounts accounts;
    for (const std::vector<std::string> &options : {std::vector<std::string>{"--user", "nobody"},
                                                    {"--user", "65534:65534"},
                                                    {"--user", "65534", "--group", "65534"},
                                                    {"--group", "65534"}}) {
        INFO(options[1]);
        Start start = accounts.Use();
        start.nobody = true;
        start.env = {{"HOME", "/data"}};
        auto arguments = options;
        arguments.insert(arguments.end(), {"--", "/bin/sh", "-c", "id -u; id -g; echo $HOME"});
        const auto result = RunClusterize(std::move(arguments), std::move(start));
        CHECK(result.err == "");
        CHECK(result.out == "65534\n65534\n/data\n");
    }
    Start start = accounts.Use();
    start.nobody = true;
    CheckRefused(RunClusterize({"--user", "nobody:4003", "--", "true"}, std::move(start)), 125,
                 {"root"});
}

namespace {

/** HOME, USER, LOGNAME and SHELL of a worker whose launcher has those of root. */
std::string AccountWith(std::vector<std::string> options) {
    const Accounts accounts;
    Start start = accounts.Use();
    start.env = {{"HOME", "/root"}, {"USER", "root"}, {"LOGNAME", "root"}, {"SHELL", "/bin/bash"}};
    options.insert(options.end(), {"--", "/usr/bin/env"});
    const auto result = RunClusterize(std::move(options), std::move(start));
    INFO("standard error: ", result.err);
    CHECK(result.ended == Exited(0));
    std::map<std::string, std::string> found;
    for (const auto &line : Lines(result.out))
        found.emplace(line.substr(0, line.find('=')), line.substr(line.find('=') + 1));
    std::string text;
    for (const char *name : {"HOME", "USER", "LOGNAME", "SHELL"})
        text += (found.contains(name) ? found[name] : "-") + " ";
    return text;
}

} // namespace

TEST_CASE("HOME, USER, LOGNAME and SHELL are those of --user and not root's") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    CHECK(AccountWith({}) == "/root root root /bin/bash ");
    CHECK(AccountWith({"--group", "4004"}) == "/root root root /bin/bash ");
    CHECK(AccountWith({"--user", "root"}) == "/root root root /bin/bash ");
    CHECK(AccountWith({"--user", "worker"}) == "/nowhere worker worker /bin/false ");
    CHECK(AccountWith({"--user", "4001:4003"}) == "/nowhere worker worker /bin/false ");
    CHECK(AccountWith({"--user", "plain"}) == "/home/plain plain plain /bin/sh ");
    CHECK(AccountWith({"--user", "5001:5002"}) == "/ - - - ");
    CHECK(AccountWith({"--user", "worker", "--env", "HOME=/mine", "--env", "USER=me"}) ==
          "/mine me worker /bin/false ");
}

TEST_CASE("the command of --then keeps the launcher's HOME") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const Accounts accounts;
    Start start = accounts.Use();
    start.env = {{"HOME", "/root"}, {"USER", "root"}};
    const auto result = RunClusterize({"-n", "1", "--user", "worker", "--ready", "exec", "--then",
                                       "echo $HOME $USER", "--", "sleep", "1000"},
                                      std::move(start));
    CHECK(result.ended == Exited(0));
    CHECK(result.out == "/root root\n");
}

TEST_CASE("a worker of another user is served, watched and stopped as any other") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--user", "65534:65534"},
                     .command = {Reachable(EchoServer())}});
    cluster.WaitUp();
    CHECK(StatusField(cluster.WaitOnline(1), "Uid") == "65534\t65534\t65534\t65534");
    CHECK(Field(Ask(cluster.Address(), "who"), "generation") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("the user cannot be changed without the right to do so") {
    const auto result = RunClusterize({"--user", "1:1", "--", "true"}, {.nobody = true});
    CheckRefused(result, 125, {"root"});
}

TEST_CASE("--chdir, also where it is a link that moves") {
    const TempDir directory;
    REQUIRE(mkdir((directory / "one").c_str(), 0755) == 0);
    REQUIRE(mkdir((directory / "two").c_str(), 0755) == 0);
    REQUIRE(symlink("one", (directory / "current").c_str()) == 0);
    CHECK(IdsWith({"--chdir", directory / "one"})["directory"] == directory / "one");

    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--chdir", directory / "current"},
                     .command = {EchoServer()}});
    cluster.WaitUp();
    const auto directory_of = [](pid_t pid) {
        char target[512];
        const auto n = readlink(("/proc/" + std::to_string(pid) + "/cwd").c_str(), target, 512);
        return std::string(target, static_cast<size_t>(n > 0 ? n : 0));
    };
    CHECK(directory_of(cluster.WaitOnline(1)) == directory / "one");
    REQUIRE(unlink((directory / "current").c_str()) == 0);
    REQUIRE(symlink("two", (directory / "current").c_str()) == 0);
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    CHECK(directory_of(cluster.WaitOnline(2)) == directory / "two");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a relative command counts from --chdir") {
    const TempDir directory;
    directory.Write("here.sh", "#!/bin/sh\necho found\n", 0755);
    const auto result = RunClusterize({"--chdir", directory.Path(), "--", "./here.sh"});
    CHECK(result.ended == Exited(0));
    CHECK(result.out == "found\n");
}

// How many workers: -n in all its forms, WEB_CONCURRENCY, affinity and cgroups.

#include "Support.hxx"

#include <csignal>
#include <fstream>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

/** Only the first `count` processors that the test may use; false where there are fewer. */
bool UseProcessors(int count) {
    cpu_set_t all;
    cpu_set_t some;
    CPU_ZERO(&some);
    sched_getaffinity(0, sizeof all, &all);
    for (int cpu = 0; cpu < CPU_SETSIZE && count > 0; ++cpu) {
        if (CPU_ISSET(cpu, &all)) {
            CPU_SET(cpu, &some);
            --count;
        }
    }
    return count == 0 && sched_setaffinity(0, sizeof some, &some) == 0;
}

int Processors() {
    cpu_set_t all;
    sched_getaffinity(0, sizeof all, &all);
    return CPU_COUNT(&all);
}

/** The number of workers that `setup` names, and that are started. */
long WorkersOf(std::vector<std::string> options, Start start = {}) {
    Cluster cluster(
        {.options = std::move(options), .command = {Behave(), "pause"}, .start = std::move(start)});
    const long workers = cluster.WaitEvent("setup").Number("workers");
    (void)cluster.WaitEvents("online", static_cast<size_t>(workers));
    CHECK(cluster.Workers().size() == static_cast<size_t>(workers));
    CHECK(cluster.Stop() == Exited(128 + SIGTERM));
    CHECK(cluster.Seen("online").size() == static_cast<size_t>(workers));
    return workers;
}

Start On(int processors) {
    return {.prepare = [processors] { (void)UseProcessors(processors); }};
}

/** A group that goes away with the test; empty path where it cannot be made. */
class Cgroup {
    std::string path;

public:
    explicit Cgroup(const std::string &wanted) : path(wanted) {
        if (mkdir(path.c_str(), 0755) != 0)
            path.clear();
    }
    ~Cgroup() {
        if (!path.empty())
            (void)WaitFor([&] { return rmdir(path.c_str()) == 0; }, Duration{5000});
    }
    Cgroup(const Cgroup &) = delete;
    Cgroup &operator=(const Cgroup &) = delete;

    const std::string &Path() const { return path; }

    bool Set(const std::string &file, const std::string &value) const {
        if (path.empty())
            return false;
        std::ofstream os(path + "/" + file);
        os << value << std::flush;
        return static_cast<bool>(os);
    }
};

/** The test's own directory of a version 1 controller; empty where there is none. */
std::string OwnCgroup(const std::string &controller) {
    for (const auto &line : Lines(ReadFile("/proc/self/cgroup"))) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        const std::string name = line.substr(first + 1, second - first - 1);
        if (name != controller)
            continue;
        const std::string mount =
            controller.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + controller;
        std::string path = mount + line.substr(second + 1);
        while (path.back() == '/')
            path.pop_back();
        return access(path.c_str(), F_OK) == 0 ? path : "";
    }
    return "";
}

} // namespace

TEST_CASE("-n N starts N workers with ids from 1 and slots from 0") {
    Cluster cluster({.options = {"-n", "3"}, .command = {Behave(), "pause"}});
    const auto online = cluster.WaitEvents("online", 3);
    std::set<long> ids;
    std::set<long> slots;
    for (const auto &event : online) {
        ids.insert(event.Number("id"));
        slots.insert(event.Number("slot"));
        CHECK(event.Number("generation") == 1);
        CHECK(Alive(static_cast<pid_t>(event.Number("pid"))));
    }
    CHECK(ids == std::set<long>{1, 2, 3});
    CHECK(slots == std::set<long>{0, 1, 2});
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("every spelling of -n") {
    CHECK(WorkersOf({"-n2"}) == 2);
    CHECK(WorkersOf({"--workers", "2"}) == 2);
    CHECK(WorkersOf({"--workers=2"}) == 2);
}

TEST_CASE("auto and what counts from it, on one processor") {
    CHECK(WorkersOf({"-n", "auto"}, On(1)) == 1);
    CHECK(WorkersOf({"-n", "-1"}, On(1)) == 1);
    CHECK(WorkersOf({"--workers=-4"}, On(1)) == 1);
    CHECK(WorkersOf({"-n", "50%"}, On(1)) == 1);
    CHECK(WorkersOf({"-n", "100%"}, On(1)) == 1);
    CHECK(WorkersOf({"-n", "300%"}, On(1)) == 3);
}

TEST_CASE("auto and what counts from it, on two processors") {
    if (Processors() < 2)
        HARNESS_SKIP("this machine has one processor");
    CHECK(WorkersOf({"-n", "auto"}, On(2)) == 2);
    CHECK(WorkersOf({"-n", "-1"}, On(2)) == 1);
    CHECK(WorkersOf({"--workers", "-1"}, On(2)) == 1);
    CHECK(WorkersOf({"-n", "50%"}, On(2)) == 1);
    CHECK(WorkersOf({"-n", "150%"}, On(2)) == 3);
}

TEST_CASE("without -n: one worker, or as many as processors where a port is asked for") {
    CHECK(WorkersOf({}) == 1);
    CHECK(WorkersOf({"-p", "127.0.0.1:0"}) == Processors());
    CHECK(WorkersOf({"-l", "unix:@clusterize-test-" + std::to_string(getpid())}) == Processors());
    CHECK(WorkersOf({"-p", "127.0.0.1:0", "--jobs"}) == Processors());
}

TEST_CASE("WEB_CONCURRENCY counts where a port is asked for and -n is absent") {
    const Start three{.env = {{"WEB_CONCURRENCY", "3"}}};
    const auto seen_by_worker = [&](std::vector<std::string> options) {
        Cluster cluster(
            {.options = std::move(options), .command = {Behave(), "pause"}, .start = three});
        const long workers = cluster.WaitEvent("setup").Number("workers");
        const auto environment = Environment(cluster.WaitOnline(1));
        CHECK(cluster.Stop() == Exited(143));
        return std::make_pair(workers, environment.contains("WEB_CONCURRENCY"));
    };
    // Removed from the workers where it chose their number, and only there.
    CHECK(seen_by_worker({"-p", "127.0.0.1:0"}) == std::make_pair(3L, false));
    CHECK(seen_by_worker({}) == std::make_pair(1L, true));
    CHECK(seen_by_worker({"-p", "127.0.0.1:0", "-n", "2"}) == std::make_pair(2L, true));
}

TEST_CASE("CLUSTERIZE_WORKERS is -n, the command line wins") {
    const Start two{.env = {{"CLUSTERIZE_WORKERS", "2"}}};
    CHECK(WorkersOf({}, two) == 2);
    CHECK(WorkersOf({"-n", "3"}, two) == 3);
}

TEST_CASE("auto sees the CPU quota of every enclosing cgroup, version 1") {
    if (!IsRoot())
        HARNESS_SKIP("making cgroups needs root");
    std::string base = OwnCgroup("cpu");
    if (base.empty())
        base = OwnCgroup("cpu,cpuacct");
    if (base.empty() || access((base + "/cpu.cfs_quota_us").c_str(), W_OK) != 0)
        HARNESS_SKIP("no writable cgroup version 1 with the cpu controller");
    if (Processors() < 2)
        HARNESS_SKIP("this machine has one processor");
    const Cgroup outer(base + "/clusterize-test-" + std::to_string(getpid()));
    REQUIRE(outer.Path() != "");
    const Cgroup inner(outer.Path() + "/inner");
    REQUIRE(inner.Path() != "");
    const Start in_group{.prepare = [&] { (void)inner.Set("cgroup.procs", "0"); }};

    REQUIRE(outer.Set("cpu.cfs_period_us", "100000"));
    REQUIRE(outer.Set("cpu.cfs_quota_us", "100000"));
    CHECK(WorkersOf({"-n", "auto"}, in_group) == 1);
    REQUIRE(outer.Set("cpu.cfs_quota_us", "110000")); // rounded up
    CHECK(WorkersOf({"-n", "auto"}, in_group) == 2);
    REQUIRE(inner.Set("cpu.cfs_quota_us", "20000")); // the tightest one counts, at least 1
    CHECK(WorkersOf({"-n", "auto"}, in_group) == 1);
    REQUIRE(inner.Set("cpu.cfs_quota_us", "-1"));
    REQUIRE(outer.Set("cpu.cfs_quota_us", "-1"));
    CHECK(WorkersOf({"-n", "auto"}, in_group) == Processors());
}

TEST_CASE("auto sees the CPU quota of every enclosing cgroup, version 2") {
    if (!IsRoot())
        HARNESS_SKIP("making cgroups needs root");
    const std::string base = OwnCgroup("");
    if (base.empty() || !Contains(ReadFile("/sys/fs/cgroup/cgroup.controllers"), "cpu"))
        HARNESS_SKIP("no cgroup version 2 with the cpu controller");
    if (Processors() < 2)
        HARNESS_SKIP("this machine has one processor");
    const Cgroup outer("/sys/fs/cgroup/clusterize-test-" + std::to_string(getpid()));
    if (outer.Path() == "" || !outer.Set("cpu.max", "100000 100000"))
        HARNESS_SKIP("the cpu controller cannot be used in a new group");
    const Cgroup inner(outer.Path() + "/inner");
    REQUIRE(inner.Path() != "");
    const Start in_group{.prepare = [&] { (void)inner.Set("cgroup.procs", "0"); }};
    CHECK(WorkersOf({"-n", "auto"}, in_group) == 1);
    REQUIRE(outer.Set("cpu.max", "110000 100000"));
    CHECK(WorkersOf({"-n", "auto"}, in_group) == 2);
    REQUIRE(outer.Set("cpu.max", "max 100000"));
    CHECK(WorkersOf({"-n", "auto"}, in_group) == Processors());
}

#include "sys/Cgroup.hxx"
#include "harness/TempDir.hxx"

#include <doctest/doctest.h>

#include <filesystem>

using namespace sys;

namespace {

constexpr const char *V2_MOUNT =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char *V1_MOUNT =
    "33 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "34 25 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "35 25 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";

/** A root directory as one kind of machine shows it. */
struct Machine {
    Machine(const std::string &cgroup, const std::string &mountinfo) {
        Write("/proc/self/cgroup", cgroup);
        Write("/proc/self/mountinfo", "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n" + mountinfo);
    }

    void Write(const std::string &path, const std::string &text) const {
        std::filesystem::create_directories(
            std::filesystem::path(root.Path() + path).parent_path());
        root.Write(path.substr(1), text);
    }

    void V1(const std::string &path, const std::string &quota,
            const std::string &period = "100000\n") const {
        Write(path + "/cpu.cfs_quota_us", quota);
        Write(path + "/cpu.cfs_period_us", period);
    }

    std::optional<double> Quota() const { return CpuQuota(root.Path()); }

    harness::TempDir root;
};

} // namespace

TEST_CASE("v2: the group's own limit") {
    const Machine machine("0::/user/app\n", V2_MOUNT);
    machine.Write("/sys/fs/cgroup/user/app/cpu.max", "150000 100000\n");
    CHECK(machine.Quota() == 1.5);
}

TEST_CASE("v2: max is no limit") {
    const Machine machine("0::/app\n", V2_MOUNT);
    machine.Write("/sys/fs/cgroup/app/cpu.max", "max 100000\n");
    CHECK_FALSE(machine.Quota());
}

TEST_CASE("v2: the limit of a group above counts, and the tightest of several") {
    const Machine machine("0::/a/b/c\n", V2_MOUNT);
    machine.Write("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    machine.Write("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
    CHECK(machine.Quota() == 3.0);
    machine.Write("/sys/fs/cgroup/a/cpu.max", "25000 50000\n");
    CHECK(machine.Quota() == 0.5);
    machine.Write("/sys/fs/cgroup/a/b/c/cpu.max", "10000 100000\n");
    CHECK(machine.Quota() == 0.1);
}

TEST_CASE("v2: inside a cgroup namespace the group is the mount point itself") {
    const Machine machine("0::/\n", V2_MOUNT);
    machine.Write("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    CHECK(machine.Quota() == 2.0);
}

TEST_CASE(
    "v2: a container without a cgroup namespace sees the host's path and a mount of its part") {
    const Machine machine("0::/docker/4711/app\n",
                          "30 23 0:26 /docker/4711 /sys/fs/cgroup ro - cgroup2 cgroup ro\n");
    machine.Write("/sys/fs/cgroup/app/cpu.max", "400000 100000\n");
    CHECK(machine.Quota() == 4.0);
    machine.Write("/sys/fs/cgroup/cpu.max", "250000 100000\n");
    CHECK(machine.Quota() == 2.5);
}

TEST_CASE("v1: quota and period, also of a group above") {
    const Machine machine(
        "5:memory:/elsewhere\n4:cpu,cpuacct:/app/worker\n1:name=systemd:/init.scope\n", V1_MOUNT);
    machine.V1("/sys/fs/cgroup/cpu,cpuacct/app/worker", "-1\n");
    CHECK_FALSE(machine.Quota());
    machine.V1("/sys/fs/cgroup/cpu,cpuacct/app", "50000\n", "25000\n");
    CHECK(machine.Quota() == 2.0);
    machine.V1("/sys/fs/cgroup/cpu,cpuacct", "100000\n");
    CHECK(machine.Quota() == 1.0);
}

TEST_CASE("v1: the cpuset hierarchy is not that of cpu") {
    const Machine machine("4:cpuset:/app\n3:cpu,cpuacct:/\n", V1_MOUNT);
    machine.V1("/sys/fs/cgroup/cpuset/app", "100000\n");
    CHECK_FALSE(machine.Quota());
}

TEST_CASE("v1: a container without a cgroup namespace") {
    const Machine machine(
        "4:cpu,cpuacct:/docker/4711\n",
        "33 25 0:29 /docker/4711 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n");
    machine.V1("/sys/fs/cgroup/cpu,cpuacct", "75000\n");
    CHECK(machine.Quota() == 0.75);
}

TEST_CASE("hybrid: the tighter of v1 and v2") {
    const Machine machine("4:cpu,cpuacct:/app\n0::/app\n",
                          std::string(V1_MOUNT) +
                              "40 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup rw\n");
    machine.V1("/sys/fs/cgroup/cpu,cpuacct/app", "300000\n");
    CHECK(machine.Quota() == 3.0);
    machine.Write("/sys/fs/cgroup/unified/app/cpu.max", "200000 100000\n");
    CHECK(machine.Quota() == 2.0);
    machine.V1("/sys/fs/cgroup/cpu,cpuacct/app", "100000\n");
    CHECK(machine.Quota() == 1.0);
}

TEST_CASE("optional fields of mountinfo do not shift the others") {
    const Machine machine(
        "0::/app\n", "30 23 0:26 / /sys/fs/cgroup rw shared:4 master:1 - cgroup2 cgroup2 rw\n");
    machine.Write("/sys/fs/cgroup/app/cpu.max", "100000 100000\n");
    CHECK(machine.Quota() == 1.0);
}

TEST_CASE("nonsense is no limit") {
    for (const char *text : {"", "\n", "100000", "100000 0\n", "-5 100000\n", "x y\n"}) {
        CAPTURE(text);
        const Machine machine("0::/app\n", V2_MOUNT);
        machine.Write("/sys/fs/cgroup/app/cpu.max", text);
        CHECK_FALSE(machine.Quota());
    }
}

TEST_CASE("without /proc there is no limit") {
    const harness::TempDir empty;
    CHECK_FALSE(CpuQuota(empty.Path()));
}

// --- processes that were killed for want of memory ------------------------------------------

TEST_CASE("v2: oom_kill of memory.events, and not its other lines") {
    const Machine machine("0::/app\n", V2_MOUNT);
    const std::string file = "/sys/fs/cgroup/app/memory.events";
    machine.Write(file, "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n");
    OomKills kills(machine.root.Path());
    CHECK_FALSE(kills.Rose()); // that one was before
    machine.Write(file, "low 0\nhigh 0\nmax 9\noom 3\noom_kill 1\noom_group_kill 4\n");
    CHECK_FALSE(kills.Rose());
    machine.Write(file, "low 0\nhigh 0\nmax 9\noom 3\noom_kill 3\noom_group_kill 4\n");
    CHECK(kills.Rose());
    CHECK_FALSE(kills.Rose());
}

TEST_CASE("v1: oom_kill of the memory controller, also beside v2") {
    const Machine machine("4:memory:/app\n3:cpu,cpuacct:/other\n0::/\n",
                          std::string(V1_MOUNT) + V2_MOUNT);
    const std::string file = "/sys/fs/cgroup/memory/app/memory.oom_control";
    machine.Write(file, "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
    OomKills kills(machine.root.Path());
    CHECK_FALSE(kills.Rose());
    machine.Write(file, "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
    CHECK(kills.Rose());
    std::filesystem::remove(machine.root.Path() + file);
    CHECK_FALSE(kills.Rose());
}

TEST_CASE("no file that counts: nothing was killed") {
    const Machine old("4:memory:/app\n", V1_MOUNT);
    old.Write("/sys/fs/cgroup/memory/app/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
    CHECK_FALSE(OomKills(old.root.Path()).Rose());
    const harness::TempDir empty;
    CHECK_FALSE(OomKills(empty.Path()).Rose());
}

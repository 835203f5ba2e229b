// --cpu-affinity, --stdin, and the limits that a worker gets.

#include "Support.hxx"

#include <cstdio>
#include <sched.h>
#include <sys/resource.h>

using namespace process;

namespace {

std::vector<int> AffinityOf(pid_t pid) {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(pid, sizeof set, &set);
    std::vector<int> cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &set))
            cpus.push_back(cpu);
    }
    return cpus;
}

std::vector<std::vector<int>> AffinitiesWith(const std::string &list, unsigned workers) {
    Cluster cluster({.options = {"-n", std::to_string(workers), "--cpu-affinity", list},
                     .command = {Behave(), "pause"}});
    std::vector<std::vector<int>> affinities;
    for (unsigned id = 1; id <= workers; ++id)
        affinities.push_back(AffinityOf(cluster.WaitOnline(id)));
    // The launcher itself is not pinned.
    CHECK(AffinityOf(cluster.Pid()) == AffinityOf(0));
    CHECK(cluster.Stop() == Exited(143));
    return affinities;
}

/** "Max open files  SOFT  HARD" of /proc/PID/limits. */
std::pair<std::string, std::string> OpenFiles(pid_t pid) {
    const std::string text = ReadFile("/proc/" + std::to_string(pid) + "/limits");
    char soft[64] = "";
    char hard[64] = "";
    const auto at = text.find("Max open files");
    if (at == std::string::npos ||
        std::sscanf(text.c_str() + at, "Max open files %63s %63s", soft, hard) != 2)
        return {"?", "?"};
    return {soft, hard};
}

} // namespace

TEST_CASE("--cpu-affinity pins slot k to the k-th processor of the list, from the start again at "
          "its end") {
    const auto own = AffinityOf(0);
    const auto first = std::vector<int>{own[0]};
    const auto last = std::vector<int>{own.back()};
    CHECK(AffinitiesWith(std::to_string(own[0]), 2) == std::vector{first, first});
    if (own.size() < 2)
        HARNESS_SKIP("this machine has one processor");
    const auto second = std::vector<int>{own[1]};
    CHECK(AffinitiesWith(std::to_string(own[0]) + "," + std::to_string(own[1]), 3) ==
          std::vector{first, second, first});
    CHECK(AffinitiesWith(std::to_string(own[1]) + "," + std::to_string(own[0]), 2) ==
          std::vector{second, first});
    if (own[1] == own[0] + 1) {
        CHECK(AffinitiesWith(std::to_string(own[0]) + "-" + std::to_string(own[1]), 2) ==
              std::vector{first, second});
    }
    auto automatic = AffinitiesWith("auto", static_cast<unsigned>(own.size()) + 1);
    CHECK(automatic[0] == first);
    CHECK(automatic[1] == second);
    CHECK(automatic[own.size() - 1] == last);
    CHECK(automatic[own.size()] == first);
}

TEST_CASE("without --cpu-affinity a worker may use what the launcher may use") {
    Cluster cluster({.command = {Behave(), "pause"}});
    CHECK(AffinityOf(cluster.WaitOnline(1)) == AffinityOf(0));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("standard input goes to a single worker and to none of several") {
    const auto words = [](std::vector<std::string> options) {
        options.insert(options.end(), {"--", "cat"});
        const auto result = RunClusterize(std::move(options), {.input = "some words\n"});
        CHECK(result.ended == Exited(0));
        return result.out;
    };
    CHECK(words({}) == "some words\n");
    CHECK(words({"-n", "2"}) == "");
    CHECK(words({"--stdin", "null"}) == "");
    CHECK(words({"-n", "2", "--stdin", "inherit"}) == "some words\n");
}

TEST_CASE("the launcher raises its limit of descriptors, the workers have the original") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                         .command = {EchoServer()},
                         .start = {.nobody = nobody, .limits = {{RLIMIT_NOFILE, 256, 1024}}}});
        const auto worker = OpenFiles(cluster.WaitOnline(1));
        CHECK(worker == std::make_pair(std::string("256"), std::string("1024")));
        CHECK(OpenFiles(cluster.Pid()).first == "1024");
        CHECK(StopServers(cluster) == Exited(0));
    });
}

// A thousand things that happen to a cluster, at random: afterwards it is as it was.

#include "Support.hxx"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

using namespace process;

namespace {

constexpr size_t WORKERS = 40;
constexpr int EVENTS = 1'000;

/** STORM_SEED repeats a run. */
unsigned ChooseSeed() {
    const char *given = std::getenv("STORM_SEED");
    return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                            : std::random_device()();
}

/** The workers' program: there and good, there and no program, or not there. */
class Executable {
    const TempDir directory;
    const std::string spare = directory / "spare";

public:
    const std::string path = directory / "worker";

    Executable() { Mend(); }

    void Mend() const {
        std::filesystem::copy_file(Behave(), spare,
                                   std::filesystem::copy_options::overwrite_existing);
        std::filesystem::rename(spare, path);
    }

    void Spoil() const {
        std::ofstream(spare) << "no program\n";
        std::filesystem::permissions(spare, std::filesystem::perms::all);
        std::filesystem::rename(spare, path);
    }

    void Remove() const { std::filesystem::remove(path); }
};

class Storm {
    Cluster &cluster;
    const Executable &executable;
    std::mt19937 random;

    /** 0: no child is left just now. */
    pid_t AnyChild() {
        const std::vector<pid_t> all = Children(cluster.Pid());
        return all.empty() ? 0 : all[random() % all.size()];
    }

    void Send(pid_t pid, int signo) {
        if (pid != 0)
            (void)kill(pid, signo);
    }

public:
    Storm(Cluster &_cluster, const Executable &_executable, unsigned seed)
        : cluster(_cluster), executable(_executable), random(seed) {}

    /** One thing. */
    void Happen() {
        switch (random() % 12) {
        case 0:
        case 1:
        case 2:
        case 3:
            return Send(AnyChild(), SIGKILL); // it may be the watcher
        case 4:
            return Send(AnyChild(), SIGTERM);
        case 5:
            return Send(AnyChild(), SIGSTOP);
        case 6:
            return Send(AnyChild(), SIGCONT);
        case 7:
            cluster.Signal(SIGSTOP);
            return cluster.Signal(SIGCONT);
        case 8:
            cluster.Signal(SIGTSTP); // it stops all and itself
            return cluster.Signal(SIGCONT);
        case 9:
            return executable.Spoil();
        case 10:
            return executable.Remove();
        default:
            return executable.Mend();
        }
    }
};

void Rage(bool terminal) {
    const unsigned seed = ChooseSeed();
    INFO("STORM_SEED=", seed);
    MESSAGE("STORM_SEED=", seed);
    const Executable executable;
    Cluster cluster({.options = {"-n", std::to_string(WORKERS), "-p", "127.0.0.1:0",
                                 "--max-restarts", "1000000/1h"},
                     .command = {executable.path, "pause"},
                     .start = {.terminal = terminal}});
    cluster.WaitUp();
    const auto descriptors = [&cluster] { return Descriptors(cluster.Pid()).size(); };
    (void)WaitWatcher(cluster);
    REQUIRE(WaitFor([&] { return !HasErrands(cluster); }));
    const size_t companions = terminal ? 2 : 1; // the watcher, and in a terminal the witness
    REQUIRE(WaitFor([&] { return Children(cluster.Pid()).size() == WORKERS + companions; }));
    const size_t before = descriptors();

    Storm storm(cluster, executable, seed);
    for (int i = 1; i <= EVENTS; ++i) {
        storm.Happen();
        // It shall take part, and not only look at the result.
        if (i % 20 == 0) {
            cluster.Signal(SIGCONT);
            const size_t seen = cluster.Seen("restart").size() + cluster.Seen("online").size();
            (void)WaitFor(
                [&] {
                    return cluster.Seen("restart").size() + cluster.Seen("online").size() > seen;
                },
                Duration{200});
        }
        REQUIRE(!cluster.HasEnded());
    }

    executable.Mend();
    cluster.Signal(SIGCONT);
    // All, and each a process that runs: those that were stopped go on, first.
    CHECK(WaitFor([&] {
        const std::vector<pid_t> all = Children(cluster.Pid());
        for (const pid_t pid : all)
            (void)kill(pid, SIGCONT);
        const auto runs = [](pid_t pid) {
            const auto state = State(pid);
            return state && *state != 'Z' && *state != 'T';
        };
        return all.size() == WORKERS + companions && std::all_of(all.begin(), all.end(), runs) &&
               cluster.Workers().size() == WORKERS;
    }));
    CHECK(Zombies(cluster.Pid()).empty());
    CHECK(WaitFor([&] { return descriptors() == before; }));
    CHECK(cluster.Seen("exit").size() > WORKERS); // it was a storm
    CHECK(!cluster.Seen("error", [](const Event &event) { return event.Text("stage") == "exec"; })
               .empty());
    CHECK(cluster.Seen("failed").empty());
    CHECK(cluster.Stop() == Exited(143));
}

} // namespace

TEST_CASE("a thousand random events without a terminal") {
    Rage(false);
}

TEST_CASE("a thousand random events in a terminal") {
    Rage(true);
}

// Limits of the container's control groups.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

namespace {

/** The value of `option workers` in --dry-run. */
std::string AutoWorkers(const std::vector<std::string> &options, const std::string &count) {
    const auto result = Runtime::Instance().Run(
        options, TOOLS, {"clusterize", "--dry-run", "-n", count, "--", "true"});
    CAPTURE(result.err);
    CHECK(result.ended == Exited(0));
    for (const auto &line : process::Lines(result.out)) {
        if (line.find("option") == 0 && process::Contains(line, " workers "))
            return line.substr(line.find("command-line") + 14);
    }
    return "none: " + result.out;
}

/** The groups of the runtime cannot have every limit: a machine may lack the controller. */
bool CanLimit(const std::vector<std::string> &limit, std::string &why) {
    auto options = limit;
    options.push_back("--rm");
    const auto result = Runtime::Instance().Run(options, TOOLS, {"true"});
    why = "this machine has no such limit: " + result.err;
    return result.ended == Exited(0);
}

} // namespace

TEST_CASE("--cpus: the number of workers follows the quota") {
    CONTAINERS_OR_SKIP();
    std::string why;
    if (!CanLimit({"--cpus", "0.5"}, why))
        HARNESS_SKIP(why);
    CHECK(AutoWorkers({"--rm", "--cpus", "0.5"}, "auto").starts_with("1 (auto: "));
    CHECK(process::Contains(AutoWorkers({"--rm", "--cpus", "0.5"}, "auto"),
                            "quota of the control groups 0.5"));
    // A processor and a half are two workers, where there are two processors.
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    CHECK(AutoWorkers({"--rm", "--cpus", "1.5"}, "auto").starts_with(cpus > 1 ? "2 " : "1 "));
    CHECK(AutoWorkers({"--rm", "--cpus", "0.5"}, "200%").starts_with("2 "));
    CHECK(AutoWorkers({"--rm", "--cpuset-cpus", "0"}, "auto").starts_with("1 "));
    CHECK(AutoWorkers({"--rm"}, "auto").starts_with(std::to_string(cpus) + " "));
}

TEST_CASE("--cpus 0.5: the image of the README starts one worker") {
    CONTAINERS_OR_SKIP();
    std::string why;
    if (!CanLimit({"--cpus", "0.5"}, why))
        HARNESS_SKIP(why);
    const Container container(
        {.options = {"--cpus", "0.5"}, .command = {"echo-server"}, .name = ENTRY});
    container.WaitUp();
    CHECK(process::Contains(container.Log(), "up: 1 worker on "));
    CHECK(container.Shares(8000, 10).size() == 1);
    CHECK(container.Stop() == 0);
}

TEST_CASE("--memory: a worker that the kernel kills is said, and replaced") {
    CONTAINERS_OR_SKIP();
    std::string why;
    if (!CanLimit({"--memory", "64m"}, why))
        HARNESS_SKIP(why);
    // Worker 1 becomes a program that needs more, once it has served.
    const Container container(
        {.options = {"--memory", "64m", "--memory-swap", "64m"},
         .command = {"clusterize", "-n", "2", "--restart", "always", "--ready", "exec", "--", "sh",
                     "-c",
                     "[ $CLUSTERIZE_WORKER_ID != 1 ] || exec dd if=/dev/zero of=/dev/null bs=200M "
                     "count=1; echo serving; exec sleep 1000"}});
    container.WaitLog("was killed by SIGKILL, out of memory");
    container.WaitLog("serving", 2);
    CHECK(process::Contains(container.Log(), "slot 0 gets a new worker"));
    CHECK(container.Stop() == 143);
}

TEST_CASE("--memory: a child of a worker that the kernel kills leaves the worker alone") {
    CONTAINERS_OR_SKIP();
    std::string why;
    if (!CanLimit({"--memory", "64m"}, why))
        HARNESS_SKIP(why);
    const Container container(
        {.options = {"--memory", "64m", "--memory-swap", "64m"},
         .command = {"clusterize", "-n", "1", "--restart", "always", "--ready", "exec", "--", "sh",
                     "-c",
                     "dd if=/dev/zero of=/dev/null bs=200M count=1; echo dd ended with $?; exec "
                     "sleep 1000"}});
    container.WaitLog("dd ended with 137");
    CHECK(process::Count(container.Log(), "out of memory") == 0);
    CHECK(container.Stop() == 143);
}

TEST_CASE("--pids-limit: a start that fails is said with its reason") {
    CONTAINERS_OR_SKIP();
    std::string why;
    if (!CanLimit({"--pids-limit", "100"}, why))
        HARNESS_SKIP(why);
    const auto result =
        Runtime::Instance().Run({"--rm", "--pids-limit", "5"}, TOOLS,
                                {"clusterize", "--jobs", "-n", "20", "--", "sleep", "3"});
    CAPTURE(result.err);
    CHECK(result.ended == Exited(125));
    CHECK(process::Contains(result.err, "Resource temporarily unavailable"));
}

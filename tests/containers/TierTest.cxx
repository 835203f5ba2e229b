// How connections are spread depends on the rights of the container, and the log says what is
// missing.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

namespace {

/** The value of `option balance` in --dry-run. */
std::string Balance(std::vector<std::string> options) {
    options.push_back("--rm");
    const auto result = Runtime::Instance().Run(
        options, TOOLS, {"clusterize", "--dry-run", "-n", "2", "-p", "8000", "--", "echo-server"});
    CAPTURE(result.err);
    CHECK(result.ended == Exited(0));
    for (const auto &line : process::Lines(result.out)) {
        if (line.find("option") == 0 && process::Contains(line, " balance "))
            return line.substr(line.find("rr "));
    }
    return "none: " + result.out;
}

bool HasKernelTier() {
    return process::Contains(Balance({"--cap-add", "SYS_ADMIN"}), "(kernel, queue-aware)");
}

} // namespace

TEST_CASE("a default container: queue watch, and the capabilities that it needs") {
    CONTAINERS_OR_SKIP();
    const auto balance = Balance({});
    CHECK(process::Contains(balance, "queue watch"));
    CHECK(process::Contains(balance, "CAP_BPF and CAP_PERFMON"));
    const Container container(
        {.command = {"clusterize", "-n", "4", "-p", "8000", "--", "echo-server"}});
    container.WaitUp();
    container.WaitLog("serving id=", 4);
    const auto shares = container.Shares(8000, 80);
    CHECK(shares.size() == 4);
    CHECK(container.Stop() == 0);
}

TEST_CASE(
    "--cap-add BPF --cap-add PERFMON behind a filter that refuses bpf(2): the filter is named") {
    CONTAINERS_OR_SKIP();
    if (!HasKernelTier())
        HARNESS_SKIP("no kernel round robin in this build, or on this kernel");
    const auto balance = Balance({"--cap-add", "BPF", "--cap-add", "PERFMON"});
    CAPTURE(balance);
    // A newer runtime lets it through.
    if (process::Contains(balance, "(kernel, queue-aware)"))
        HARNESS_SKIP("this runtime's filter lets bpf(2) through");
    CHECK(process::Contains(balance, "queue watch"));
    CHECK(process::Contains(balance, "seccomp"));
    CHECK(!process::Contains(balance, "CAP_BPF"));
    const Container container(
        {.options = {"--cap-add", "BPF", "--cap-add", "PERFMON"},
         .command = {"clusterize", "-n", "2", "-p", "8000", "--", "echo-server"}});
    container.WaitUp();
    CHECK(process::Contains(container.Log(), "seccomp"));
    CHECK(container.Shares(8000, 40).size() == 2);
    CHECK(container.Stop() == 0);
}

TEST_CASE("the capabilities and no filter: in the kernel, in exact turns") {
    CONTAINERS_OR_SKIP();
    if (!HasKernelTier())
        HARNESS_SKIP("no kernel round robin in this build, or on this kernel");
    const std::vector<std::string> options{
        "--cap-add", "BPF", "--cap-add", "PERFMON", "--security-opt", "seccomp=unconfined"};
    CHECK(process::Contains(Balance(options), "(kernel, queue-aware)"));
    const Container container(
        {.options = options,
         .command = {"clusterize", "-n", "4", "-p", "8000", "--", "echo-server"}});
    container.WaitUp();
    container.WaitLog("serving id=", 4);
    container.WaitLog("balance rr: kernel, queue-aware");
    // A worker that a busy machine leaves without time for a moment is passed by.
    const std::map<std::string, unsigned> even{{"0", 20}, {"1", 20}, {"2", 20}, {"3", 20}};
    CHECK(WaitFor([&] { return container.Shares(8000, 80) == even; }));
    CHECK(container.Stop() == 0);
}

TEST_CASE("one of the two capabilities: the other one is named") {
    CONTAINERS_OR_SKIP();
    if (!HasKernelTier())
        HARNESS_SKIP("no kernel round robin in this build, or on this kernel");
    const auto plain = Balance({"--cap-add", "BPF", "--security-opt", "seccomp=unconfined"});
    CHECK(process::Contains(plain, "kernel"));
    CHECK(process::Contains(plain, "CAP_PERFMON"));
    const auto watch = Balance({"--cap-add", "PERFMON", "--security-opt", "seccomp=unconfined"});
    CHECK(process::Contains(watch, "queue watch"));
    CHECK(process::Contains(watch, "CAP_BPF"));
}

TEST_CASE("a server that binds its port itself, with every set of rights") {
    CONTAINERS_OR_SKIP();
    const std::vector<std::vector<std::string>> sets{{},
                                                     {"--cap-add", "SYS_PTRACE"},
                                                     {"--cap-add", "SYS_ADMIN"},
                                                     {"--cap-add", "BPF", "--cap-add", "PERFMON"},
                                                     {"--privileged"}};
    for (const auto &options : sets) {
        const std::string last = options.empty() ? "default" : options.back();
        CAPTURE(last);
        const Container container(
            {.options = options,
             .command = {"clusterize", "-n", "2", "--", "binder", "tcp:0.0.0.0:8000"}});
        container.WaitUp();
        CHECK(container.Shares(8000, 40).size() == 2);
        CHECK(container.Stop() == 0);
    }
}

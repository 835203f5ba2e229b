// --balance rr: each tier with the rights that it needs, exact turns in the kernel, and nothing left of it.

#include "Support.hxx"
#include "harness/Errno.hxx"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace process;

namespace {

constexpr const char *QUEUE_AWARE = "kernel, queue-aware", *PLAIN = "kernel, plain",
                     *QUEUE_WATCH = "queue watch";

/** Root with these capabilities alone, of those that matter here. */
std::function<void()> Keeping(std::vector<int> kept) {
    return [kept = std::move(kept)] {
        for (const int capability : {CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_NET_ADMIN})
            if (std::find(kept.begin(), kept.end(), capability) == kept.end())
                Check(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "PR_CAPBSET_DROP");
    };
}

/** Has the kernel, and this build, round robin for root? */
bool HasKernelTier() {
    return IsRoot() &&
           Contains(RunClusterize({"--dry-run", "-n", "2", "-p", "127.0.0.1:0", "--", "true"}).out,
                    QUEUE_AWARE);
}

bool Has(const Result &result, const std::string &text) {
    return Contains(result.out, text);
}

Result DryRun(std::function<void()> prepare, bool nobody = false) {
    Start start = {
        .argv = {ClusterizePath(), "--dry-run", "-n", "2", "-p", "127.0.0.1:0", "--", "true"},
        .nobody = nobody};
    start.prepare = std::move(prepare);
    return Run(start);
}

/** The numbers of the programs that it has a descriptor of. */
std::vector<unsigned> Programs(pid_t pid) {
    std::vector<unsigned> ids;
    for (const auto &descriptor : Descriptors(pid)) {
        std::ifstream info("/proc/" + std::to_string(pid) + "/fdinfo/" +
                           std::to_string(descriptor.first));
        for (std::string word; info >> word;)
            if (word == "prog_id:" && info >> word)
                ids.push_back(static_cast<unsigned>(std::stoul(word)));
    }
    return ids;
}

bool IsLoaded(unsigned id) {
    bpf_attr attributes = {};
    attributes.prog_id = id;
    const long fd = syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attributes, sizeof(attributes));
    if (fd >= 0)
        close(static_cast<int>(fd));
    return fd >= 0;
}

bool HasBpfDescriptor(pid_t pid) {
    const auto all = Descriptors(pid);
    return std::any_of(all.begin(), all.end(),
                       [](const auto &descriptor) { return Contains(descriptor.second, "bpf"); });
}

void TryTurns(const std::function<void()> &prepare, const std::string &tier,
              const std::string &listen, const std::string &address_start) {
    INFO(tier, " ", listen);
    Start start;
    start.prepare = prepare;
    Cluster cluster(
        {.options = {"-n", "8", "-p", listen}, .command = {EchoServer()}, .start = start});
    cluster.WaitUp();
    CHECK(WaitBalance(cluster) == tier);
    const auto shares = Shares(address_start + std::to_string(cluster.Port()), 80);
    REQUIRE(shares.size() == 8);
    for (const auto &share : shares)
        CHECK_MESSAGE(share.second == 10, "slot ", share.first);
    CHECK(StopServers(cluster) == Exited(0));
    for (const auto &exit : cluster.Seen("exit")) {
        const auto sockets = exit.List("sockets");
        REQUIRE(sockets.size() == 1);
        CHECK(sockets[0].Number("given") == 10);
        CHECK(sockets[0].IsNull("queue")); // the launcher has no copy of it any more
    }
}

} // namespace

TEST_CASE("sequential connections over eight workers of a fresh cluster: each its exact share") {
    if (!HasKernelTier())
        HARNESS_SKIP("no round robin in the kernel here, or not root");
    for (const char *listen : {"127.0.0.1:0", "[::1]:0"}) {
        const std::string start = std::string(listen).substr(0, std::string(listen).rfind('0'));
        TryTurns({}, QUEUE_AWARE, listen, start);
        TryTurns(Keeping({CAP_BPF}), PLAIN, listen, start);
    }
    TryTurns({}, QUEUE_AWARE, "0", "127.0.0.1:");
}

TEST_CASE("which capabilities each tier needs, and what is said of the next better one") {
    if (!HasKernelTier())
        HARNESS_SKIP("no round robin in the kernel here, or not root");
    CHECK(Has(DryRun(Keeping({CAP_SYS_ADMIN})), QUEUE_AWARE));
    CHECK(Has(DryRun(Keeping({CAP_BPF, CAP_PERFMON})), QUEUE_AWARE));
    const auto plain = DryRun(Keeping({CAP_BPF}));
    CHECK(Has(plain, PLAIN));
    CHECK(Has(plain, "CAP_PERFMON"));
    for (const auto &result :
         {DryRun(Keeping({CAP_PERFMON})), DryRun(Keeping({CAP_NET_ADMIN})), DryRun({}, true)}) {
        CHECK(Has(result, QUEUE_WATCH));
        CHECK(Has(result, "CAP_BPF"));
    }
}

TEST_CASE("without privilege a queue watch keeps it, and the log says what the kernel's needs") {
    for (const bool docker : {false, true}) {
        Cluster cluster({.options = {"-n", "4", "-p", "127.0.0.1:0"},
                         .command = {EchoServer()},
                         .start = {.nobody = !docker,
                                   .docker_capabilities = docker,
                                   .docker_profile = docker}});
        cluster.WaitUp();
        const auto balance = cluster.WaitEvent("setup").Object("balance");
        CHECK(balance.Text("policy") == "rr");
        CHECK(balance.Text("tier") == QUEUE_WATCH);
        CHECK(Contains(cluster.Err(), "CAP_BPF and CAP_PERFMON"));
        CHECK(Contains(cluster.Err(), "docker run --cap-add"));
        for (const auto &share : Shares(cluster.Address(), 400))
            CHECK_MESSAGE(share.second >= 50, "slot ", share.first); // 100 are expected
        CHECK(StopServers(cluster) == Exited(0));
        CHECK(cluster.Seen("balance").empty());
    }
}

TEST_CASE("a worker that is gone has no turn, one that is back has") {
    if (!HasKernelTier())
        HARNESS_SKIP("no round robin in the kernel here, or not root");
    Cluster cluster({.options = {"-n", "4", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    REQUIRE(WaitBalance(cluster) == QUEUE_AWARE);
    (void)kill(cluster.WaitOnline(2), SIGKILL);
    (void)cluster.WaitEvent("exit");
    const auto rest = Shares(cluster.Address(), 30);
    if (cluster.Seen("fork", With("id", 5)).empty()) { // the pause before the next one is a second
        CHECK(rest.size() == 3);
        for (const auto &share : rest)
            CHECK_MESSAGE(share.second == 10, "slot ", share.first);
    }
    WaitReady(cluster, 5);
    CHECK(Shares(cluster.Address(), 40).size() == 4);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("more than half of the workers hang: the others get the connections") {
    if (!HasKernelTier())
        HARNESS_SKIP("no round robin in the kernel here, or not root");
    for (const std::string hung : {"02", "013", "012456"}) {
        INFO("slots that hang: ", hung);
        const unsigned slots = hung.size() == 2 ? 3 : hung.size() == 3 ? 4 : 8;
        Cluster cluster(
            {.options = {"-n", std::to_string(slots), "-p", "127.0.0.1:0", "--ready", "exec"},
             .command = {"/bin/sh", "-c",
                         "case " + hung + " in *$CLUSTERIZE_SLOT*) exec " + Behave() +
                             " pause;; esac; exec " + EchoServer()}});
        cluster.WaitUp();
        REQUIRE(WaitBalance(cluster) == QUEUE_AWARE);
        unsigned answered = 0;
        for (int i = 0; i < 60; ++i) {
            Connection client(cluster.Address());
            client.Send("who\n");
            try {
                (void)client.Line(std::chrono::milliseconds(300));
                answered++;
            } catch (const std::exception &) { // in the queue of one that hangs
            }
        }
        CHECK(answered >= 60 - 2 * hung.size());
        (void)cluster.Stop();
    }
}

TEST_CASE("several listeners have a program each; the workers have none; a kill -9 leaves none") {
    if (!HasKernelTier())
        HARNESS_SKIP("no round robin in the kernel here, or not root");
    Cluster cluster({.options = {"-n", "2", "-l", "a=127.0.0.1:0", "-l", "b=[::1]:0", "-l",
                                 "c=udp:127.0.0.1:0"},
                     .command = {EchoServer()}});
    cluster.WaitUp();
    const auto settled = cluster.WaitEvents("balance", 3);
    const auto tier = [&settled](const std::string &listener) {
        for (const auto &event : settled)
            if (event.Text("listener") == listener)
                return event.Object("balance").Text("tier");
        return std::string();
    };
    CHECK(tier("a") == QUEUE_AWARE);
    CHECK(tier("b") == QUEUE_AWARE);
    CHECK(tier("c") == "flow hash");
    cluster.WaitErr(settled.at(0).Text("address") + ": balance rr: ");
    const auto programs = Programs(cluster.Pid());
    REQUIRE(programs.size() == 3);
    CHECK(std::all_of(programs.begin(), programs.end(), IsLoaded));
    CHECK(HasBpfDescriptor(cluster.Pid()));
    for (const unsigned id : {1U, 2U})
        CHECK_FALSE(HasBpfDescriptor(cluster.WaitOnline(id)));
    (void)kill(cluster.Pid(), SIGKILL);
    (void)cluster.Wait();
    CHECK(WaitFor([&] { return std::none_of(programs.begin(), programs.end(), IsLoaded); }));
    CHECK(WaitFor([&] { return cluster.Leftovers().empty(); })); // the watcher has done its work
}

TEST_CASE("one worker, or one socket for all: nothing is loaded") {
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{"-n", "1", "-p", "127.0.0.1:0"},
          std::vector<std::string>{"-n", "2", "-p", "127.0.0.1:0", "--balance", "none"}}) {
        Cluster cluster({.options = options, .command = {EchoServer()}});
        cluster.WaitUp();
        CHECK(cluster.WaitEvent("setup").Object("balance").Text("tier") == "shared queue");
        CHECK_FALSE(HasBpfDescriptor(cluster.Pid()));
        CHECK(StopServers(cluster) == Exited(0));
        CHECK(cluster.Seen("balance").empty());
    }
}

TEST_CASE("a cluster that ends while its program is loaded leaves nothing") {
    for (int i = 0; i < 5; ++i) {
        const Result result =
            RunClusterize({"-n", "2", "-p", "127.0.0.1:0", "--jobs", "--", "true"});
        CHECK(result.ended == Exited(0));
    }
}

// How connections spread over the workers, and what waits in the queue of one that is gone.

#include "Support.hxx"
#include "harness/Errno.hxx"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace process;

namespace {

unsigned long ListenerInode(pid_t pid) {
    return SocketInode(Descriptors(pid)[3]);
}

/** As a sandbox that knows nothing of classic BPF for groups of sockets. */
void RefuseClassic() {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_ATTACH_REUSEPORT_CBPF, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {std::size(filter), filter};
    Check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    Check(static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)), "seccomp");
}

} // namespace

TEST_CASE("random: each of four workers gets a fair share of 400 connections") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "4", "-p", "127.0.0.1:0", "--balance", "random"},
                         .command = {EchoServer()},
                         .start = {.nobody = nobody}});
        cluster.WaitUp();
        const auto balance = cluster.WaitEvent("setup").Object("balance");
        CHECK(balance.Text("policy") == "random");
        const auto shares = Shares(cluster.Address(), 400);
        REQUIRE(shares.size() == 4);
        for (const auto &share : shares) {
            INFO("slot ", share.first);
            CHECK(share.second >= 50); // 100 are expected, with a deviation of 9
            CHECK(share.second <= 150);
        }
        CHECK(StopServers(cluster) == Exited(0));
    });
}

TEST_CASE("both families of one listener") {
    Cluster cluster({.options = {"-n", "3", "-p", "0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    const std::string port = std::to_string(cluster.Port());
    for (const auto &address : {"127.0.0.1:" + port, "[::1]:" + port}) {
        const auto shares = Shares(address, 150);
        REQUIRE(shares.size() == 3);
        for (const auto &[slot, count] : shares)
            CHECK(count >= 20);
    }
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("rr: a seat each; none: one socket for all") {
    {
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
        CHECK(ListenerInode(cluster.WaitOnline(1)) != ListenerInode(cluster.WaitOnline(2)));
        CHECK(StopServers(cluster) == Exited(0));
    }
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--balance", "none"},
                     .command = {EchoServer()}});
    CHECK(cluster.WaitEvent("setup").Object("balance").Text("policy") == "none");
    CHECK(ListenerInode(cluster.WaitOnline(1)) == ListenerInode(cluster.WaitOnline(2)));
    CHECK(Shares(cluster.Address(), 40).size() >= 1);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("where the kernel takes no program there is one socket for all") {
    AsEveryone([](bool nobody) {
        for (const std::string policy : {"rr", "random"}) {
            CAPTURE(policy);
            const Start start = {.nobody = nobody, .prepare = RefuseClassic};
            const std::vector<std::string> options = {"-n",          "2",         "-p",
                                                      "127.0.0.1:0", "--balance", policy};
            Cluster cluster({.options = options, .command = {EchoServer()}, .start = start});
            cluster.WaitUp();
            const auto balance = cluster.WaitEvent("setup").Object("balance");
            CHECK(balance.Text("policy") == policy);
            CHECK(balance.Text("tier") == "shared queue");
            CHECK(balance.Text("lacks") ==
                  "the kernel takes no classic BPF: Protocol not available");
            CHECK(ListenerInode(cluster.WaitOnline(1)) == ListenerInode(cluster.WaitOnline(2)));
            CHECK(StopServers(cluster) == Exited(0));

            Start dry = start;
            dry.argv = {ClusterizePath(), "--dry-run"};
            dry.argv.insert(dry.argv.end(), options.begin(), options.end());
            dry.argv.insert(dry.argv.end(), {"--", "true"});
            CHECK(Contains(Run(dry).out, "shared queue"));
        }
    });
}

TEST_CASE("a replacement has the seat of the worker before it") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    const auto before = ListenerInode(cluster.WaitOnline(1));
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    CHECK(ListenerInode(cluster.WaitOnline(3)) == before);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("steering: an event tells who gets the connections, and why another gets none") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    const auto ids = [](const Event &event, const std::string &field) {
        std::string text;
        for (const Event &seat : event.List(field))
            text += std::to_string(seat.Number("id")) + " ";
        return text;
    };
    const auto is_both = [&](const Event &event) { return ids(event, "active") == "1 2 "; };
    CHECK(WaitFor([&] {
        const auto seen = cluster.Seen("steering");
        return !seen.empty() && is_both(seen.back());
    }));
    (void)kill(cluster.WaitOnline(2), SIGKILL);
    (void)cluster.WaitEvent("exit");
    CHECK(WaitFor([&] {
        const auto seen = cluster.Seen("steering");
        return ids(seen.back(), "active") == "1 " &&
               seen.back().List("others").at(0).Text("reason") == "not ready";
    }));
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("steering: a stopped worker is behind, until it goes on") {
    // Without rights the launcher watches the queues.
    Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0"},
                     .command = {EchoServer()},
                     .start = {.nobody = true}});
    cluster.WaitUp();
    const auto reason = [&] {
        const auto seen = cluster.Seen("steering");
        const auto others = seen.empty() ? std::vector<Event>() : seen.back().List("others");
        return others.empty() ? std::string() : others[0].Text("reason");
    };
    const auto knock = [&] {
        try {
            Connection(cluster.Address()).Send("who\n");
        } catch (const std::system_error &) {
            // The queue of the stopped one is full.
        }
    };
    (void)kill(cluster.WaitOnline(2), SIGSTOP);
    CHECK(WaitFor([&] {
        knock();
        return reason() == "behind";
    }));
    (void)kill(cluster.WaitOnline(2), SIGCONT);
    CHECK(WaitFor([&] {
        knock(); // the launcher looks while connections come
        return reason().empty();
    }));
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a dead worker gets no connections while it is gone") {
    Cluster cluster({.options = {"-n", "4", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    const std::string address = cluster.Address();
    (void)kill(cluster.WaitOnline(2), SIGKILL);
    (void)cluster.WaitEvent("exit");
    // There is a second until its replacement starts. What went to the empty slot in that time
    // would be answered by the replacement: about every fourth connection.
    unsigned tried = 0;
    unsigned late = 0;
    while (tried < 100 && cluster.Seen("fork", With("id", 5)).empty()) {
        ++tried;
        late += Field(Ask(address, "who"), "id") == "5" ? 1 : 0;
    }
    INFO("connections ", tried, ", answered late ", late);
    CHECK(tried >= 20);
    CHECK(late <= 1); // one may have met the replacement as it started
    WaitReady(cluster, 5);
    CHECK(Shares(address, 200).size() == 4);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a worker that dies before it is ready leaves nobody in its queue either") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    const std::string address = cluster.Address();
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    // Its replacement is not three seconds old when it dies as well.
    (void)kill(cluster.WaitOnline(3), SIGKILL);
    (void)cluster.WaitEvents("exit", 2);
    unsigned tried = 0;
    unsigned late = 0;
    while (tried < 60 && cluster.Seen("fork", With("id", 4)).empty()) {
        ++tried;
        late += Field(Ask(address, "who"), "id") != "2" ? 1 : 0;
    }
    INFO("connections ", tried, ", answered late ", late);
    CHECK(tried >= 20);
    CHECK(late <= 1);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("the end of a worker tells what waits for the next one of its slot") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "2", "-p", "web=127.0.0.1:0", "--balance", "random",
                                     "--backlog", "64"},
                         .command = {EchoServer()},
                         .start = {.nobody = nobody}});
        cluster.WaitUp();
        for (const unsigned id : {1U, 2U})
            REQUIRE(kill(cluster.WaitOnline(id), SIGSTOP) == 0);
        std::vector<Connection> clients;
        for (int i = 0; i < 12; i++)
            clients.emplace_back(cluster.Address());
        for (const unsigned id : {1U, 2U})
            (void)kill(cluster.WaitOnline(id), SIGKILL);
        long waiting = 0;
        for (const auto &exit : cluster.WaitEvents("exit", 2)) {
            const auto sockets = exit.List("sockets");
            REQUIRE(sockets.size() == 1);
            CHECK(sockets[0].Text("listener") == "web");
            CHECK(sockets[0].IsNull("given"));
            CHECK(sockets[0].Number("limit") == 64);
            waiting += sockets[0].Number("queue");
        }
        CHECK(waiting == 12);
        CHECK(StopServers(cluster) == Exited(0));
    });
    Cluster shared({.options = {"-n", "2", "-p", "127.0.0.1:0", "--balance", "none"},
                    .command = {EchoServer()}});
    shared.WaitUp();
    CHECK(StopServers(shared) == Exited(0));
    for (const auto &exit : shared.Seen("exit"))
        CHECK(!exit.Has("sockets"));
}

TEST_CASE("a slot that failed to start again leaves nobody in its queue") {
    const TempDir directory;
    const std::string program = directory / "server";
    CopyFile(EchoServer(), program);
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {program}});
    cluster.WaitUp();
    REQUIRE(unlink(program.c_str()) == 0);
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitEvent("error");
    for (int i = 0; i < 40; ++i)
        CHECK(Field(Ask(cluster.Address(), "who"), "id") == "2");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("connections in the queue of a worker that was killed are answered by its replacement") {
    for (const char *balance : {"rr", "random", "none"}) {
        INFO(balance);
        // Worker 1 never accepts, worker 2 of the same slot does.
        Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--balance", balance},
                         .command = {EchoServer(), "--idle-until", "2"}});
        const std::string address = cluster.Address();
        std::vector<std::unique_ptr<Connection>> waiting;
        for (int i = 0; i < 10; ++i) {
            waiting.push_back(std::make_unique<Connection>(address));
            waiting.back()->Send("who\n");
        }
        cluster.WaitUp();
        CHECK(waiting[0]->IsQuiet(Duration{1}));
        (void)kill(cluster.WaitOnline(1), SIGKILL);
        // They may also come while there is no worker at all.
        (void)cluster.WaitEvent("exit");
        waiting.push_back(std::make_unique<Connection>(address));
        waiting.back()->Send("who\n");
        for (const auto &connection : waiting)
            CHECK(Field(connection->Line(), "id") == "2");
        CHECK(StopServers(cluster) == Exited(0));
    }
}

TEST_CASE("the same in a group of several, for the queue of one of them") {
    // Workers 1 to 3 never accept; their replacements do.
    Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0"},
                     .command = {EchoServer(), "--idle-until", "4"}});
    cluster.WaitUp();
    std::vector<std::unique_ptr<Connection>> waiting;
    for (int i = 0; i < 60; ++i) {
        waiting.push_back(std::make_unique<Connection>(cluster.Address()));
        waiting.back()->Send("who\n");
    }
    for (unsigned id = 1; id <= 3; ++id)
        (void)kill(cluster.WaitOnline(id), SIGKILL);
    std::set<std::string> slots;
    for (const auto &connection : waiting) {
        const std::string answer = connection->Line();
        CHECK(std::stoi(Field(answer, "id")) >= 4);
        slots.insert(Field(answer, "slot"));
    }
    CHECK(slots.size() == 3);
    CHECK(StopServers(cluster) == Exited(0));
}

// A worker shuts down a listening socket that it shares with its successors, or with all.

#include "Support.hxx"

#include <csignal>
#include <sys/socket.h>

using namespace process;

namespace {

constexpr const char *SAID = "has shut down the listening socket of ";

std::set<std::string> WhoServes(const std::string &address) {
    std::set<std::string> ids;
    for (const auto &[id, count] : Shares(address, 60, "id"))
        ids.insert(id);
    return ids;
}

} // namespace

TEST_CASE("the others get the connections, then its successor serves on the same socket") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0"},
                         .command = {EchoServer()},
                         .start = {.nobody = nobody}});
        cluster.WaitUp();
        const std::string address = cluster.Address();
        const std::string id = Field(Ask(address, "shut"), "id");
        const std::string slot = std::to_string(std::stoi(id) - 1);
        cluster.WaitErr("worker " + id + " (slot " + slot + ") " + SAID + address +
                        ": it listens again, and others get the connections until the worker is "
                        "replaced");
        std::set<std::string> others = {"1", "2", "3"};
        others.erase(id);
        CHECK(WhoServes(address) == others);

        const pid_t pid = cluster.WaitOnline(static_cast<unsigned>(std::stoi(id)));
        const auto inode = SocketInode(Descriptors(pid)[3]);
        (void)kill(pid, SIGKILL);
        WaitReady(cluster, 4);
        const auto exit = cluster.WaitEvent("exit");
        CHECK(std::to_string(exit.Number("slot")) == slot);
        const auto sockets = exit.List("sockets");
        REQUIRE(sockets.size() == 1);
        CHECK("127.0.0.1:" + sockets[0].Text("listener") == address);
        CHECK(sockets[0].Number("queue") == 0);
        CHECK(SocketInode(Descriptors(cluster.WaitOnline(4))[3]) == inode);
        others.insert("4");
        CHECK(WhoServes(address) == others);
        CHECK(cluster.Seen("error").empty());
        CHECK(StopServers(cluster) == Exited(0));
    });
}

TEST_CASE("a worker that shuts it down again and again is warned of once") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    Connection client(cluster.Address());
    const auto fields = Fields(client.Ask("shut"));
    const pid_t pid = static_cast<pid_t>(std::stol(fields.at("pid")));
    const Fd socket = TakeFd(pid, 3);
    const auto listens = [&socket] {
        int value = 0;
        socklen_t length = sizeof value;
        return getsockopt(socket.Get(), SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 &&
               value != 0;
    };
    cluster.WaitErr(SAID);
    for (int i = 0; i < 10; ++i) {
        REQUIRE(WaitFor(listens));
        (void)client.Ask("shut");
        CHECK(client.Ask("done") == "done"); // it is shut now
    }
    REQUIRE(WaitFor(listens));
    CHECK(Field(Ask(cluster.Address(), "who"), "id") != fields.at("id"));
    CHECK(Count(cluster.Err(), SAID) == 1);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("one socket for all listens again, on the same port") {
    for (const std::vector<std::string> &extra :
         {std::vector<std::string>{"-n", "1"}, {"-n", "2", "--balance", "none"}}) {
        CAPTURE(extra[1]);
        std::vector<std::string> options = {"-p", "127.0.0.1:0"};
        options.insert(options.end(), extra.begin(), extra.end());
        Cluster cluster({.options = options, .command = {EchoServer()}});
        cluster.WaitUp();
        const std::string address = cluster.Address();
        CHECK(Field(Ask(address, "shut"), "slot") != "");
        cluster.WaitErr("a worker " + (SAID + address) + ": it listens again\n");
        for (int i = 0; i < 20; ++i)
            CHECK(Ask(address, "hello") == "hello");
        (void)kill(cluster.WaitOnline(1), SIGKILL);
        CHECK(Ask(address, "hello") == "hello");
        WaitReady(cluster, extra[1] == "1" ? 2 : 3);
        CHECK(StopServers(cluster) == Exited(0));
    }
}

TEST_CASE("a worker that listens there again gets connections again") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    cluster.WaitErr("up: ");
    const std::string address = cluster.Address();
    Connection client(address);
    for (int i = 0; i < 5; ++i) {
        (void)client.Ask("reopen");
        CHECK(client.Ask("done") == "done");
    }
    CHECK(WhoServes(address) == std::set<std::string>{"1", "2"});
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a unix socket cannot listen again, which is an error") {
    const TempDir directory;
    const std::string path = directory / "x.sock";
    Cluster cluster({.options = {"-n", "2", "-l", "unix:" + path}, .command = {EchoServer()}});
    cluster.WaitUp();
    CHECK(Field(Ask("unix:" + path, "shut"), "id") != "");
    const auto error = cluster.WaitEvent("error");
    CHECK(error.Text("stage") == "listen");
    CHECK(error.Text("errno") == "EOPNOTSUPP");
    CHECK(Contains(error.Text("message"), path + ", which cannot listen again"));
    CHECK(IsRefused("unix:" + path));
    CHECK(cluster.Stop() == Exited(0));
}
